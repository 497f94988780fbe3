/** A headless Chromium as the browser tests use it, and a page that remembers everything that went wrong on it. */
import { createRequire } from 'node:module';

const web = new URL('../../../web/package.json', import.meta.url);
const { chromium } = createRequire(web)('playwright-core');

const kFlags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export function launch(flags = []) {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: [...kFlags, ...flags] });
}

export async function openPage(browser, url, { width = 1366, height = 768, touch = false, inits = [] } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, hasTouch: touch, isMobile: touch, reducedMotion: 'reduce', locale: 'zh-CN' });
  for (const init of inits) await context.addInitScript(init);
  const page = await context.newPage();
  const trouble = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && trouble.push(`${message.type()}: ${message.text()} ${message.location().url}`));
  page.on('pageerror', (error) => trouble.push(`page error: ${error.message}\n${error.stack}`));
  await page.goto(url);
  return { context, page, trouble };
}

/** Waits until the pane shows the image of this index (0 = first). */
export function shown(page, index, timeout = 60_000) {
  return page.locator(`.iv[data-shown="${index}"]`).waitFor({ timeout });
}
