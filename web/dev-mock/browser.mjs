/** Chromium as the walks use it. Root in a container needs --no-sandbox; --disable-gpu keeps software drawing fast. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });

/** A page of one person's own context; what it complains about is collected in `faults`. */
export async function openPage(browser, { width, height, language }, faults, name) {
  const isPhone = width <= 600;
  const context = await browser.newContext({ viewport: { width, height }, locale: language, reducedMotion: 'reduce', hasTouch: isPhone, isMobile: isPhone });
  const page = await context.newPage();
  page.on('console', (message) => {
    // Asking who is signed in is answered by 401 before sign-in; the browser writes that down as an error.
    if (message.type() === 'error' && !/status of 401/.test(message.text())) faults.push(`${name}: ${message.text().slice(0, 300)}`);
  });
  page.on('pageerror', (error) => faults.push(`${name}: ${error.message.slice(0, 300)}`));
  return page;
}

/** Width, accessibility and untranslated keys of what is on screen. */
export async function inspect(page, name, faults) {
  const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  if (wide > inner) faults.push(`${name}: ${wide} px wide in ${inner}`);
  const keys = await page.evaluate(() => [...document.body.innerText.matchAll(/\b(app|consult|patients|people|error|role|notice)\.[a-z_]+(\.[a-zA-Z_]+)*/g)].map((match) => match[0]));
  if (keys.length > 0) faults.push(`${name}: keys without text: ${keys.join(', ')}`);
  await page.evaluate(axe);
  const found = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), tags);
  for (const rule of found.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical')) {
    faults.push(`${name}: ${rule.id} (${rule.impact}) ${rule.nodes.length} × ${rule.nodes[0].html.slice(0, 160)}`);
  }
}
