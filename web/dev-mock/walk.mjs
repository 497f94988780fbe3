#!/usr/bin/env node
/**
 * Walks the pages of every role on the stand-in server: four sizes, two languages; no error on the console, no
 * overflow, no serious finding of axe, no key without text. `npm run build` first.
 *   node dev-mock/walk.mjs
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inspect, launch, openPage } from './browser.mjs';

const port = 8098;
const base = `http://127.0.0.1:${port}`;
const sizes = [[360, 740], [768, 1024], [1366, 768], [1920, 1080]];
const pages = {
  'dr.shen': ['today', 'list/requested', 'list/returned', 'patients', 'patients/new', 'patients/p0', 'consult/new?patient=p0', 'consult/c1/request', 'consult/c1/request?step=facts', 'consult/c1/request?step=material', 'consult/c1/request?step=consent', 'consult/c1/request?step=review', 'consult/c1/images', 'consult/c3', 'consult/c6', 'consult/clinic-card', 'imaging/unmatched', 'cases/c2', 'nowhere'],
  'co.lu': ['today', 'list/desk', 'consult/c2'],
  'ex.gu': ['today', 'list/offers', 'consult/c4', 'consult/c5'],
};

const server = spawn(process.execPath, [fileURLToPath(new URL('server.mjs', import.meta.url)), String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
await once(server.stdout, 'data');
const browser = await launch();
const faults = [];
let walked = 0;
try {
  for (const [width, height] of sizes) {
    for (const language of ['zh-CN', 'en']) {
      for (const [login, paths] of Object.entries(pages)) {
        const at = `${width}×${height} ${language} ${login}`;
        const page = await openPage(browser, { width, height, language }, faults, at);
        await page.goto(`${base}/app/today`);
        await page.locator('.l-demo button').first().waitFor();
        await inspect(page, `${at} sign-in`, faults);
        await page.evaluate((one) => fetch('/access/demo-session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: one }) }), login);
        for (const path of paths) {
          await page.goto(`${base}/app/${path}`);
          await page.locator('.s-main h1, .s-main h2').first().waitFor();
          await page.waitForTimeout(250);
          await inspect(page, `${at} ${path}`, faults);
          walked += 1;
        }
        await page.context().close();
      }
    }
  }
  const reports = await (await fetch(`${base}/mock/csp-reports`)).json();
  for (const report of reports) faults.push(`policy report: ${report.slice(0, 200)}`);
} finally {
  await browser.close();
  server.kill();
}
for (const fault of faults) console.error(fault);
console.log(`walked ${walked} pages, ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);
