#!/usr/bin/env node
/** Draws the icons of the installed application from `app/icon.svg`; run it when that file changes and commit what it writes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const path = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const svg = readFileSync(path('app/icon.svg'), 'utf8');
/** A mask may cut everything outside the middle 80 %: the ground fills the square, the drawing keeps inside. */
const masked = svg.replace('rx="12" ', '').replace('<path ', '<path transform="translate(9.6 9.6) scale(0.7)" ');
const icons = [
  { name: 'icon-192.png', size: 192, svg },
  { name: 'icon-512.png', size: 512, svg },
  { name: 'icon-maskable-512.png', size: 512, svg: masked },
  { name: 'icon-apple-180.png', size: 180, svg: masked },
];
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] });
for (const icon of icons) {
  const page = await browser.newPage({ viewport: { width: icon.size, height: icon.size } });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:${icon.size}px;height:${icon.size}px}</style>${icon.svg}`);
  await page.screenshot({ path: path(`public/${icon.name}`), omitBackground: true });
  await page.close();
}
await browser.close();
