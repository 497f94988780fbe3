/** The viewer when things go wrong or go away: refusals, slow lines, closing, small screens, languages. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { shown } from './browser.mjs';
import { allLoaded, drag, drawn, eventually, geometry, greys, measurementTexts, openViewer, prepare, press, work } from './rig.mjs';

const axePath = createRequire(new URL('../../../web/package.json', import.meta.url)).resolve('axe-core/axe.min.js');
let rig;
before(async () => { rig = await prepare(); }, { timeout: 180_000 });
after(async () => rig?.close());

async function withViewer(options, body, expected = []) {
  const opened = await openViewer(rig, options);
  try {
    await body(opened.page, opened);
    const surprising = opened.trouble.filter((line) => !expected.some((pattern) => pattern.test(line)));
    assert.deepEqual(surprising, [], 'console and page errors');
    assert.deepEqual(rig.server.counts.reports, [], 'policy reports');
  } finally {
    Object.assign(rig.server.knobs, { frameDelay_ms: 0, renderedDelay_ms: 0, failStudy: 0, serve73: false, gate: undefined });
    await opened.context.close();
  }
}

const pick = async (page, number) => page.locator('.iv-series-item', { hasText: new RegExp(`^${number} `) }).click();

test('a refused study says so and opens on the second try', async () => {
  rig.server.knobs.failStudy = 1;
  await withViewer({ wait: null }, async (page) => {
    await page.getByText('检查未能打开').waitFor();
    assert.match(await page.locator('.iv-card').innerText(), /服务器未能完成请求。[\s\S]*internal\.unexpected · HTTP 500/);
    await page.getByRole('button', { name: '重试' }).click();
    await shown(page, 0);
  }, [/status of 500/]);
});

test('an image cut short and an image not served have their card; the rest stays usable', async () => {
  await withViewer({}, async (page) => {
    await pick(page, 7);
    await page.waitForFunction(() => document.querySelector('.iv-text-top-right')?.innerText.includes('broken'));
    await shown(page, 0);
    await press(page, 'ArrowDown');
    await page.getByText('第 2 幅图像未能显示').waitFor();
    assert.match(await page.locator('.iv-card').innerText(), /像素无法读取/);
    await press(page, 'ArrowDown');
    await page.getByText('第 3 幅图像未能显示').waitFor();
    assert.match(await page.locator('.iv-card').innerText(), /不存在，或您无权[\s\S]*imaging\.no_such_frame · HTTP 404/);
    assert.equal(await page.locator('.iv').getAttribute('data-shown'), '0', 'no other image under the wrong number');
    rig.server.knobs.serve73 = true;
    await page.getByRole('button', { name: '重试' }).click();
    await shown(page, 2);
    await press(page, 'Home');
    await shown(page, 0);
    assert.equal(await page.locator('.iv-card').count(), 0);
    rig.server.knobs.serve73 = false;
    await pick(page, 13);
    await page.getByText('第 1 幅图像未能显示').waitFor();
    assert.equal(await page.locator('.iv-canvas').evaluate((pane) => getComputedStyle(pane).visibility), 'hidden', 'the last series is not left behind');
    assert.equal(await page.locator('.iv-overlay').count(), 0);
  }, [/status of 404/]);
});

test('a slow line shows the preview, labelled, until the pixels are there', async () => {
  let letGo;
  rig.server.knobs.gate = new Promise((resolve) => { letGo = resolve; });
  await withViewer({ wait: null }, async (page) => {
    await page.locator('[data-quality="preview"]').waitFor();
    assert.equal(await page.locator('[data-quality="preview"]').innerText(), '预览');
    await page.screenshot({ path: `${work}/shots/preview.png` });
    await eventually(async () => assert.ok((await page.evaluate(() => window.rig.seen)).some((one) => one.quality === 'preview' && one.count === 1)));
    letGo();
    await shown(page, 0);
    await page.locator('[data-quality="lossless"]').waitFor();
    assert.equal(await page.locator('.iv-preview').count(), 0);
    await eventually(async () => {
      const last = await page.evaluate(() => window.rig.seen.at(-1));
      assert.deepEqual([last.quality, last.count], ['lossless', 1]);
    });
  });
});

test('closing cancels what is under way', async () => {
  rig.server.knobs.frameDelay_ms = 700;
  await withViewer({ wait: null }, async (page) => {
    await page.waitForFunction(() => performance.getEntriesByType('resource').length > 5);
    await shown(page, 0);
    const begun = rig.server.counts.frames;
    await eventually(() => assert.ok(rig.server.counts.frames > begun, 'more images are on their way'));
    const aborted = rig.server.counts.aborted;
    await page.evaluate(() => window.rig.open(false));
    await eventually(() => assert.ok(rig.server.counts.aborted > aborted, 'requests under way were cancelled'));
    // What had left the browser before may still arrive; then nothing more may. Left alone it would ask for all 108 images.
    await eventually(async () => {
      const frames = rig.server.counts.frames;
      await page.waitForTimeout(1500);
      assert.equal(rig.server.counts.frames, frames, 'no request after closing');
    }, 6000);
    assert.ok(rig.server.counts.frames < begun + 60, 'the rest was never asked for');
  });
});

test('opened and closed fifty times: one drawing context, nothing lost', async () => {
  await withViewer({ gpu: true, query: '&closed', wait: null }, async (page) => {
    await page.evaluate(() => {
      window.contexts = 0;
      window.lost = 0;
      const real = HTMLCanvasElement.prototype.getContext;
      HTMLCanvasElement.prototype.getContext = function getContext(kind, ...rest) {
        const context = real.call(this, kind, ...rest);
        if (/webgl/.test(kind) && context && !this.counted) {
          this.counted = true;
          window.contexts += 1;
          this.addEventListener('webglcontextlost', () => { window.lost += 1; });
        }
        return context;
      };
    });
    let afterTen = 0;
    let afterOne = 0;
    for (let time = 0; time < 50; time += 1) {
      await page.evaluate(() => window.rig.open(true));
      await shown(page, 0);
      await page.evaluate(() => window.rig.open(false));
      await page.locator('.iv').waitFor({ state: 'detached' });
      if (time === 0) afterOne = await page.evaluate(() => window.contexts);
      if (time === 9) afterTen = await heap(page);
    }
    const grown_mb = ((await heap(page)) - afterTen) / 1e6;
    const { contexts, lost } = await page.evaluate(() => ({ contexts: window.contexts, lost: window.lost }));
    console.log(`drawing contexts made ${afterOne} at the first opening (with the probes of what the machine can do), ${contexts} in all, heap grew ${grown_mb.toFixed(1)} MB over 40 openings`);
    assert.equal(contexts, afterOne, 'later openings make no context');
    assert.ok(lost < afterOne, 'the context that draws is still there');
    assert.ok(grown_mb < 15, `${grown_mb} MB`);
    await page.evaluate(() => window.rig.open(true));
    await shown(page, 0);
    await allLoaded(page, 108);
  });
});

test('a pane opened out of sight draws when it is shown', async () => {
  for (const gpu of [false, true]) {
    await withViewer({ gpu, query: '&hidden', wait: null }, async (page) => {
      await page.waitForFunction(() => document.querySelector('.iv'), null, { timeout: 10_000 });
      await page.waitForTimeout(1500);
      await page.evaluate(() => window.rig.hide(false));
      await shown(page, 0);
      await drawn(page);
      const look = async () => {
        const { at } = await geometry(page);
        return greys(page, [at(128, 135), at(3, 3)]);
      };
      await eventually(async () => {
        const [[tissue], [air]] = await look();
        assert.ok(tissue > 0 && air === 0, `${tissue} ${air}`);
      });
      const [[tissue]] = await look();
      await page.evaluate(() => window.rig.hide(true));
      await page.waitForTimeout(100);
      await page.evaluate(() => window.rig.hide(false));
      await eventually(async () => assert.equal((await look())[0][0], tissue));
    });
  }
});

test('without a pane the drawing context is given back, and comes again', async () => {
  await withViewer({ gpu: true, wait: 0, init: () => {
    const real = window.setTimeout;
    window.setTimeout = (run, wait, ...rest) => real(run, wait === 60_000 ? 300 : wait, ...rest);
    window.lost = 0;
    const make = HTMLCanvasElement.prototype.getContext;
    window.contexts = [];
    HTMLCanvasElement.prototype.getContext = function getContext(kind, ...more) {
      const context = make.call(this, kind, ...more);
      if (/webgl/.test(kind) && context) window.contexts.push(new WeakRef(context));
      return context;
    };
  } }, async (page) => {
    const live = async () => {
      await heap(page); // collects what nobody holds any more
      return page.evaluate(() => new Set(window.contexts.map((one) => one.deref()).filter((context) => context && !context.isContextLost())).size);
    };
    const open = await live();
    await page.evaluate(() => window.rig.open(false));
    await eventually(async () => {
      const closed = await live();
      assert.ok(closed < open, `${closed} of ${open}`);
    });
    await page.evaluate(() => window.rig.open(true));
    await shown(page, 0);
    await allLoaded(page, 108);
    assert.ok((await live()) <= open);
  });
});

async function heap(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

for (const [language, width, height, touch] of [['zh-CN', 360, 740, true], ['en', 360, 740, true], ['zh-CN', 1366, 768, false], ['en', 1366, 768, false]]) {
  test(`fits ${width}×${height} in ${language}, and stands up to axe`, async () => {
    const notice = language === 'en' ? 'Demo: side not verified' : '演示：左右未经核实';
    await withViewer({ width, height, touch, query: `&lang=${language}&notice=${encodeURIComponent(notice)}` }, async (page) => {
      await allLoaded(page, 108);
      const shot = (name) => page.screenshot({ path: `${work}/shots/${language}-${width}-${name}.png` });
      await page.locator('.iv-slider input').fill('60');
      await shown(page, 60);
      await shot('open');
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'no sideways scrolling');
      if (touch) await page.getByRole('button', { name: language === 'en' ? 'More tools' : '更多工具' }).click();
      const small = await page.evaluate((least) => [...document.querySelectorAll('.iv-toolbar button, .iv-slider input')].filter((one) => one.getBoundingClientRect().height < least || one.getBoundingClientRect().width < least).map((one) => one.getAttribute('aria-label') ?? one.innerText), touch ? 44 : 24);
      assert.deepEqual(small, []);
      await shot('tools');
      await press(page, 'm', 'l');
      const { at } = await geometry(page);
      if (!touch) {
        await drag(page, at(70, 90), at(190, 120));
        await press(page, 'e');
        await drag(page, at(128, 128), at(150, 145));
      }
      await shot('measure');
      await press(page, '?');
      await shot('help');
      await page.evaluate(await readFile(axePath, 'utf8'));
      const report = await page.evaluate(() => window.axe.run(document.querySelector('.iv'), { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
      const serious = report.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`);
      assert.deepEqual(serious, []);
      await press(page, 'Escape');
      assert.equal(await page.locator('.iv-dialog').count(), 0);
      const words = await page.locator('.iv').innerText();
      assert.doesNotMatch(words, /imaging\.[a-z]/, 'no bare keys');
      if (language === 'en') assert.doesNotMatch(words.replaceAll(/陈海.*|头颅.*/g, ''), /[一-鿿]/, 'no leftovers of the other language');
    });
  });
}

test('the language changes without a reload', async () => {
  await withViewer({}, async (page) => {
    await allLoaded(page, 108);
    await press(page, 'm', 'e');
    const { at } = await geometry(page);
    await drag(page, at(128, 128), at(150, 145));
    assert.match((await measurementTexts(page))[0][0], /^均值/);
    await page.evaluate(() => window.rig.setLanguage('en'));
    await drawn(page);
    assert.match((await measurementTexts(page))[0][0], /^Mean/);
    assert.match(await page.locator('.iv-canvas svg').innerHTML(), /Mean/);
    assert.match(await page.locator('.iv-overlay').innerText(), /Image 1 \/ 108/);
    assert.equal(await page.locator('.iv').getAttribute('data-shown'), '0');
  });
});

test('fingers scroll, pinch and measure', async () => {
  await withViewer({ width: 360, height: 740, touch: true }, async (page) => {
    await allLoaded(page, 108);
    const session = await page.context().newCDPSession(page);
    const touch = (type, points) => session.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
    await touch('touchStart', [[180, 200]]);
    for (let y = 210; y <= 330; y += 10) await touch('touchMove', [[180, y]]);
    await touch('touchEnd', []);
    await page.waitForFunction(() => Number(document.querySelector('.iv').dataset.shown) > 5);
    const before = (await geometry(page)).zoom;
    await touch('touchStart', [[150, 250], [210, 250]]);
    for (let step = 1; step <= 8; step += 1) await touch('touchMove', [[150 - step * 8, 250], [210 + step * 8, 250]]);
    await touch('touchEnd', []);
    await drawn(page);
    const after = (await geometry(page)).zoom;
    assert.ok(after > before * 1.3, `pinch ${before} → ${after}`);
    await page.getByRole('button', { name: '长度' }).click();
    await touch('touchStart', [[120, 220]]);
    for (let x = 130; x <= 240; x += 10) await touch('touchMove', [[x, 260]]);
    await touch('touchEnd', []);
    await press(page, 'm');
    assert.match((await measurementTexts(page))[0][0], /^[\d.]+ mm$/);
  });
});
