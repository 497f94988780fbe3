/**
 * What every test file of the viewer starts from: the study on disk, the built rig, a server, a browser, and
 * small readers of what is on the screen. VIEWER_WORK names a folder that keeps the study and the build.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, openPage, shown } from './browser.mjs';
import { buildRig } from './build_rig.mjs';
import { startServer } from './server.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
export const work = process.env.VIEWER_WORK ?? join(tmpdir(), 'qiao-viewer-test');
export const kColumns = 256;
export const kRows = 256;
export const kSpacing_mm = 0.95703125;

export async function prepare() {
  await mkdir(join(work, 'shots'), { recursive: true });
  const study = join(work, 'study');
  if (!existsSync(join(study, 'study.json'))) execFileSync('/usr/bin/python3', [join(here, 'make_series.py'), study], { stdio: 'inherit' });
  const dist = join(work, 'dist');
  if (process.env.VIEWER_BUILT === undefined || !existsSync(dist)) await buildRig(dist);
  process.env.VIEWER_BUILT = '1';
  const volume = new Int16Array((await readFile(join(study, 'volume.i16'))).buffer.slice(0));
  const server = await startServer({ study, dist });
  const browser = await launch();
  return { server, browser, hu: (z, y, x) => volume[(z * kRows + y) * kColumns + x], close: async () => { await browser.close(); await server.close(); } };
}

/** The page believes it has a graphics card: the software rasteriser then draws through WebGL. */
const pretendGpu = () => {
  const real = WebGL2RenderingContext.prototype.getParameter;
  WebGL2RenderingContext.prototype.getParameter = function getParameter(name) {
    return name === 0x9246 ? 'Test Graphics' : real.call(this, name);
  };
};

export async function openViewer({ server, browser }, options = {}) {
  const { query = '', wait = 0, gpu = false, ...size } = options;
  const inits = [gpu && pretendGpu, size.init].filter(Boolean);
  const opened = await openPage(browser, `${server.origin}/?study=${server.study}${query}`, { ...size, inits });
  if (wait !== undefined && wait !== null) await shown(opened.page, wait);
  return opened;
}

export async function allLoaded(page, total) {
  await page.waitForFunction((wanted) => document.querySelector('.iv-loaded')?.dataset.loaded === String(wanted), total, { timeout: 60_000 });
}

/** Where the middle of a pixel of an unmoved image is on the page. */
export async function geometry(page, columns = kColumns, rows = kRows) {
  const zoom = Number(/([\d.]+)×/.exec(await page.locator('.iv-text-bottom-left').innerText())[1]);
  const box = await page.locator('.iv-canvas').boundingBox();
  return { zoom, box, at: (x, y, aspect = 1) => ({ x: box.x + box.width / 2 + (x + 0.5 - columns / 2) * zoom, y: box.y + box.height / 2 + (y + 0.5 - rows / 2) * zoom * aspect }) };
}

/** Grey values of the drawn canvas at page positions. */
export function greys(page, positions) {
  return page.evaluate((all) => {
    const canvas = document.querySelector('.iv-canvas canvas');
    const box = canvas.getBoundingClientRect();
    const copy = document.createElement('canvas');
    copy.width = canvas.width;
    copy.height = canvas.height;
    const context = copy.getContext('2d');
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    return all.map(({ x, y }) => {
      const px = Math.round((x - box.x) * (canvas.width / box.width) - 0.5);
      const py = Math.round((y - box.y) * (canvas.height / box.height) - 0.5);
      return [...data.slice((py * canvas.width + px) * 4, (py * canvas.width + px) * 4 + 3)];
    });
  }, positions);
}

export const grey = (value, center, width) => {
  const lower = center - 0.5 - (width - 1) / 2;
  return Math.min(255, Math.max(0, ((value - lower) / (width - 1)) * 255));
};

export async function drag(page, from, to) {
  await page.mouse.move(from.x, from.y);
  await page.mouse.down();
  await page.mouse.move((from.x + to.x) / 2, (from.y + to.y) / 2);
  await page.mouse.move(to.x, to.y);
  await page.mouse.up();
  await drawn(page);
}

export const press = async (page, ...keys) => {
  await page.locator('.iv-stage').focus();
  for (const key of keys) await page.keyboard.press(key);
  await drawn(page);
};

/** Repeats a check until it holds; what it said last after `patience_ms`. For what a page shows a moment later, on a busy machine a long one. */
export async function eventually(check, patience_ms = 20_000) {
  const end = Date.now() + patience_ms;
  for (;;) {
    try {
      return await check();
    } catch (failure) {
      if (Date.now() > end) throw failure;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

const kTick_ms = 10; // USER_HZ of Linux
const machineBusy_ms = () => {
  const [user, nice, system, , , irq, softirq] = /^cpu +(.*)$/m.exec(readFileSync('/proc/stat', 'utf8'))[1].split(' ').map(Number);
  return (user + nice + system + irq + softirq) * kTick_ms;
};

/**
 * Runs `work` and says how long it took and what it would have taken alone: the time that other programs took from
 * the cores in just this while is taken off, as far as the work was short of it.
 */
export async function measured(browser, work) {
  const session = await browser.newBrowserCDPSession();
  const own_ms = async () => (await session.send('SystemInfo.getProcessInfo')).processInfo.reduce((sum, one) => sum + one.cpuTime * 1000, 0) + (process.cpuUsage().user + process.cpuUsage().system) / 1000;
  const [ownBefore, busyBefore, start] = [await own_ms(), machineBusy_ms(), performance.now()];
  const result = await work();
  const took_ms = performance.now() - start;
  const capacity = took_ms * availableParallelism();
  const others = Math.max(0, machineBusy_ms() - busyBefore - Math.max(0, (await own_ms()) - ownBefore));
  await session.detach();
  const left = Math.max(0.05, 1 - others / capacity);
  return { result, took_ms, alone_ms: took_ms * left };
}

/** Waits until the picture, its texts and its place stay as they are: two looks, some frames apart, that see the same. */
export async function settled(page) {
  let before;
  await eventually(async () => {
    const now = await page.evaluate(async () => {
      for (let frame = 0; frame < 3; frame += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
      const canvas = document.querySelector('.iv-canvas canvas');
      const { x, y, width, height } = document.querySelector('.iv-canvas').getBoundingClientRect();
      return JSON.stringify([x, y, width, height, canvas?.toDataURL(), document.querySelector('.iv').innerText]);
    });
    const same = now === before;
    before = now;
    if (!same) throw new Error('the picture still changes');
  });
}

/** Two frames later what was asked for is on the screen, in words too. */
export const drawn = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 30)))));

export const measurementTexts = async (page) => (await page.locator('.iv-measurement').allInnerTexts()).map((text) => text.split('\n').map((line) => line.trim()).filter(Boolean));
