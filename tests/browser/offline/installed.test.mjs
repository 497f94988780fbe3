// The installed application: manifest and icons, what the service worker keeps and what it never keeps, a start without a
// server, a new version.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { root, startServer } from '../../support/server.mjs'
import { inspect, launch, PHONE, signIn, WAIT } from '../story/people.mjs'
import { startLine } from './line.mjs'

const DOCTOR = 'shi.chunmei'
const workerRules = (page) => page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', undefined, { timeout: 60_000 })

test('manifest and icons are there for both languages', async (t) => {
  const server = await startServer('demo')
  t.after(() => server.stop())
  for (const language of ['zh-CN', 'en']) {
    const answer = await fetch(`${server.base}/manifest.${language}.webmanifest`)
    assert.equal(answer.headers.get('content-type'), 'application/manifest+json')
    const manifest = await answer.json()
    assert.deepEqual([manifest.lang, manifest.scope, manifest.display, manifest.icons.some((icon) => icon.purpose === 'maskable')], [language, '/app/', 'standalone', true])
    for (const icon of manifest.icons) {
      const bytes = Buffer.from(await (await fetch(server.base + icon.src)).arrayBuffer())
      assert.equal(`${bytes.readUInt32BE(16)}x${bytes.readUInt32BE(20)}`, icon.sizes, icon.src)
    }
  }
  const worker = await fetch(`${server.base}/sw.js`)
  assert.deepEqual([worker.headers.get('content-type'), worker.headers.get('cache-control')], ['text/javascript; charset=utf-8', 'no-cache'])
  const browser = await launch()
  t.after(() => browser.close())
  const page = await signIn(browser, server.base, DOCTOR, { size: PHONE, locale: 'en', trouble: [] })
  assert.match(await page.locator('link[rel=manifest]').getAttribute('href'), /manifest\.en\./)
  const line = await page.context().newCDPSession(page)
  const { errors } = await line.send('Page.getAppManifest')
  assert.deepEqual(errors, [])
})

test('the worker comes after the first list, keeps the whole application and nothing else', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const trouble = []
  const page = await signIn(browser, server.base, DOCTOR, { size: PHONE, trouble })
  await page.locator('.t-tiles').waitFor(WAIT)
  await workerRules(page)
  await page.goto(`${server.base}/app/list/returned`)
  await page.locator('main h1').waitFor(WAIT)
  const kept = await page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname)))).flat())
  const built = JSON.parse(readFileSync(join(root, 'web/dist/.vite/manifest.json'), 'utf8'))
  for (const name of ['app/today.tsx', 'services/consult/new_page.tsx', 'services/consult/wizard_page.tsx', 'services/consult/locales/zh-CN.json', 'services/consult/locales/en.json']) {
    for (const file of [built[name].file, ...(built[name].imports ?? []).map((key) => built[key].file)]) assert.ok(kept.includes(`/${file}`), `${name}: ${file} is not kept`)
  }
  assert.ok(!kept.includes(`/${built['viewers/imaging/index.tsx'].file}`), 'the image viewer is kept on every phone')
  assert.deepEqual(kept.filter((path) => !/^\/(assets\/[\w./-]+|app\/|icon-192\.png|manifest\.[\w-]+\.webmanifest)$/.test(path)), [])
  // Each start has a nonce of its own, in the page and in its policy.
  const nonces = []
  for (let i = 0; i < 2; i++) {
    const answer = await page.goto(`${server.base}/app/today`)
    assert.equal(answer.fromServiceWorker(), true)
    const nonce = /'nonce-([^']+)'/.exec(await answer.headerValue('content-security-policy'))[1]
    assert.ok((await answer.text()).includes(nonce))
    nonces.push(nonce)
    await page.locator('.t-tiles').waitFor(WAIT)
  }
  assert.notEqual(nonces[0], nonces[1])
  assert.deepEqual(trouble, [])
  const reports = /qiao_csp_reports_total (\d+)/.exec(await (await fetch(`${server.base}/metrics`, { headers: { Authorization: `Bearer ${await server.integrationToken()}` } })).text())
  if (reports) assert.equal(reports[1], '0')
})

test('a new version asks, and the tab that runs the old one finds its chunks', async (t) => {
  const server = await startServer('demo')
  const line = await startLine(server.base)
  const browser = await launch()
  t.after(async () => { await browser.close(); await line.stop(); await server.stop() })
  const page = await signIn(browser, line.base, DOCTOR, { trouble: [] })
  await page.locator('.t-tiles').waitFor(WAIT)
  await workerRules(page)
  const other = await page.context().newPage()
  await other.goto(`${line.base}/app/today`)
  await other.locator('.t-tiles').waitFor(WAIT)
  const built = JSON.parse(readFileSync(join(root, 'web/dist/.vite/manifest.json'), 'utf8'))
  const gone = `/${built['services/patients/register_page.tsx'].file}`
  line.change(/^\/sw\.js$/, (text) => ({ status: 200, text: text.replace(/"version":"\w+"/, '"version":"next"').replace(`"${gone}",`, '') }))
  line.change(new RegExp(gone), () => ({ status: 404, text: '' }))
  await page.evaluate(async () => void (await (await navigator.serviceWorker.getRegistration()).update()))
  const bar = page.getByText('A new version of the application is here.')
  await bar.waitFor(WAIT)
  assert.deepEqual(await inspect(page, 'new version'), [])
  // The page reloads a moment after the worker has changed: what is asked below is asked of the new page.
  const reloaded = page.waitForEvent('load', WAIT)
  await page.getByRole('button', { name: 'Reload' }).click()
  await reloaded
  await page.waitForFunction(async () => (await caches.keys()).includes('qiao.shell.next') && navigator.serviceWorker.controller?.state === 'activated', undefined, WAIT)
  await page.locator('.t-tiles').waitFor(WAIT)
  assert.equal(await bar.count(), 0)
  // The other tab was not reloaded; it says so, and what it loads later is still there.
  await other.getByText('A new version of the application is here.').waitFor(WAIT)
  await other.getByRole('link', { name: /Find or register/ }).click()
  await other.getByRole('link', { name: /Register/ }).first().click()
  await other.getByLabel('Document number').waitFor(WAIT)
})
