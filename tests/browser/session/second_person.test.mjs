// Whoever signs in after another in the same browser gets nothing of what that person saw: not from the server, not from the cache.
import assert from 'node:assert/strict'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { launch, signIn } from '../story/people.mjs'

const FIRST = 'zhou.mingyuan' // has the head CT of the demo to read
const SECOND = 'shi.chunmei' // a doctor of another clinic

/** Opens the CT as the first person does, and says which frames the viewer fetched and how. */
async function openStudy(page, base) {
  const seen = new Map()
  const note = (response) => {
    if (response.status() === 200 && /\/frames\/\d+$/.test(new URL(response.url()).pathname)) seen.set(response.url(), response.request().headers().accept ?? '*/*')
  }
  page.on('response', note)
  const list = await page.evaluate(async () => (await (await fetch('/flow/worklists/writing')).json()))
  await page.goto(`${base}/app/consult/${list.rows[0].case}/workspace`)
  await page.locator('.iv[data-shown="0"]').waitFor({ timeout: 60_000 })
  page.off('response', note)
  assert.ok(seen.size > 0, 'the viewer fetched no frame')
  return [...seen].slice(0, 20)
}

/** @returns what a plain fetch answers, and what the browser has kept, of each frame */
const fetchAgain = (page, frames) => page.evaluate(async (list) => {
  const rows = []
  for (const [url, accept] of list) {
    const init = { headers: { Accept: accept } }
    const kept = await fetch(url, { ...init, cache: 'only-if-cached', mode: 'same-origin' }).then((answer) => answer.status, () => 'nothing')
    const forced = await fetch(url, { ...init, cache: 'force-cache' }).then((answer) => answer.status)
    const plain = await fetch(url, init).then((answer) => answer.status)
    rows.push({ kept, forced, plain })
  }
  return rows
}, frames)

async function assertNothing(page, frames, status) {
  for (const row of await fetchAgain(page, frames)) {
    assert.ok(row.kept === 'nothing' || row.kept === 504, `the browser kept a frame: ${row.kept}`)
    assert.deepEqual([row.forced, row.plain], [status, status])
  }
  const kept = await page.evaluate(async () => (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname)))).flat())
  assert.deepEqual(kept.filter((path) => !/^\/(assets\/[\w./-]+|app\/|icon-192\.png|manifest\.[\w-]+\.webmanifest)$/.test(path)), [], 'a cache holds more than the application itself')
}

test('the second person in a browser gets no cached pixel', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const page = await signIn(browser, server.base, FIRST, { trouble: [] })

  await t.test('after signing out', async () => {
    const frames = await openStudy(page, server.base)
    assert.ok((await fetchAgain(page, frames)).every((row) => row.kept === 200), 'for the first person the frames are in the cache: without that this test shows nothing')
    await page.evaluate(async () => { await fetch('/access/session', { method: 'DELETE' }) })
    await assertNothing(page, frames, 401)
    await page.goto(server.base + '/')
    await page.locator(`[data-login="${SECOND}"]`).click()
    await page.waitForSelector('.s-shell')
    await assertNothing(page, frames, 404)
  })

  const takeOver = (login) => page.evaluate(async (name) => (await fetch('/access/demo-session', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ login: name }) })).status, login)

  await t.test('without signing out', async () => {
    assert.equal(await takeOver(FIRST), 200)
    const frames = await openStudy(page, server.base)
    assert.ok((await fetchAgain(page, frames)).every((row) => row.kept === 200))
    assert.equal(await takeOver(SECOND), 200)
    await assertNothing(page, frames, 404)
  })

  await t.test('after the browser forgot who was there', async () => {
    assert.equal(await takeOver(FIRST), 200)
    const frames = await openStudy(page, server.base)
    await page.context().clearCookies()
    assert.equal(await takeOver(SECOND), 200)
    for (const row of await fetchAgain(page, frames)) assert.deepEqual([row.forced, row.plain], [404, 404])
  })
})
