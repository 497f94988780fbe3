// The worklist on a thin line: 400 kbit/s, 300 ms. Bounds are those of the design; a busy machine gets half as much again.
import assert from 'node:assert/strict'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { launch, PHONE, WAIT } from '../story/people.mjs'
import { DOCTOR, workerRules } from './kit.mjs'

const THIN = { offline: false, latency: 300, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 }
const COLD_MS = 5000
const WARM_MS = 1500
const BUSY = Number(process.env.QIAO_BUSY ?? 1.5)
const LIST = '/app/list/returned'

/** Notes when the first row that can be opened is there; asking from outside would find it up to half a second later. */
const noteFirstRow = () => {
  new MutationObserver(() => {
    if (document.querySelector('main a[href*="/app/consult/"]')) window.firstRow_ms ??= performance.now()
  }).observe(document, { childList: true, subtree: true })
}

/** From the address to the first row. */
async function open(page, base) {
  await page.goto(base + LIST, { waitUntil: 'commit' })
  await page.waitForFunction(() => window.firstRow_ms !== undefined, undefined, { timeout: 60_000 })
  return Math.round(await page.evaluate(() => window.firstRow_ms))
}

test('the worklist on a thin line', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const answer = await fetch(`${server.base}/access/demo-session`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: DOCTOR }) })
  const [name, value] = answer.headers.get('set-cookie').split(';')[0].split('=')
  const context = await browser.newContext({ viewport: PHONE, locale: 'en', hasTouch: true, isMobile: true })
  await context.addCookies([{ name, value, url: server.base, httpOnly: true, sameSite: 'Strict' }])
  const page = await context.newPage()
  await page.addInitScript(noteFirstRow)
  const line = await context.newCDPSession(page)
  await line.send('Network.enable')
  await line.send('Network.emulateNetworkConditions', THIN)
  let bytes = 0
  line.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength })

  const cold = await open(page, server.base)
  t.diagnostic(`cold: ${cold} ms, ${Math.round(bytes / 1000)} KB`)
  await line.send('Network.emulateNetworkConditions', { ...THIN, latency: 0, downloadThroughput: -1, uploadThroughput: -1 })
  await workerRules(page)
  await page.goto(server.base + LIST)
  await page.locator('main a[href*="/app/consult/"]').first().waitFor(WAIT)
  await line.send('Network.emulateNetworkConditions', THIN)
  const warm = []
  for (let i = 0; i < 3; i++) warm.push(await open(page, server.base))
  t.diagnostic(`warm: ${warm.join(', ')} ms`)
  assert.ok(cold <= COLD_MS * BUSY, `cold: ${cold} ms`)
  assert.ok(Math.min(...warm) <= WARM_MS * BUSY, `warm: ${warm.join(', ')} ms`)
})
