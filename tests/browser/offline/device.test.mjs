// A device between people and servers: a server that stops, two devices with one draft, a phone that two people share, wrong
// PINs, a session that somebody ends.
import assert from 'node:assert/strict'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, PHONE, read, signIn, WAIT } from '../story/people.mjs'
import { begin, DOCTOR, firstPatient, kept, keptUntil, photo, prepare, shot, unlock } from './kit.mjs'

const OTHER = 'zhou.mingyuan'
const caseOf = (page) => /consult\/([^/]+)\/request/.exec(page.url())[1]

/** What was sent while the page opened comes into it with the server's answer. */
const summaryIs = (page, text) => page.waitForFunction((wanted) => [...document.querySelectorAll('textarea')].some((one) => one.value === wanted), text, WAIT)

/** A request in its own case, saved once. */
async function draft(page, base, summary) {
  const patient = await firstPatient(page)
  await page.goto(`${base}/app/today`)
  await begin(page, patient)
  await page.waitForURL(/consult\/[^/]+\/request/, WAIT)
  await page.getByLabel('Summary').fill(summary)
  await page.getByText('Draft saved').waitFor(WAIT)
  return caseOf(page)
}

test('the server stops, a request is begun, the server starts again: the request is there', async (t) => {
  const first = await startServer('demo')
  let server = first
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const { page, patient } = await prepare(browser, first.base)
  const before = (await read(page, '/flow/worklists/drafts')).count
  await first.end()
  await page.goto(`${first.base}/app/today`)
  await unlock(page)
  await page.getByText('opened by the offline PIN').waitFor(WAIT)
  await begin(page, patient)
  await page.getByText('No line: the request is kept on this device').waitFor(WAIT)
  await page.getByLabel('Summary').fill('Written while the server was away.')
  server = await startServer('demo', [], first)
  await page.waitForURL(/consult\/[^/]+\/request/, { timeout: 60_000 })
  await page.getByText('opened by the offline PIN').waitFor({ state: 'detached', ...WAIT })
  await summaryIs(page, 'Written while the server was away.')
  assert.equal((await read(page, '/flow/worklists/drafts')).count, before + 1)
})

test('one device', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const { base } = server
  const findings = []
  let { page } = await prepare(browser, base)
  const context = page.context()

  await t.test('a draft that was changed on two devices is laid side by side, and nothing is lost', async () => {
    const id = await draft(page, base, 'first')
    await context.setOffline(true)
    await page.getByLabel('Summary').fill('on the boat')
    await page.waitForTimeout(300)
    await page.close()
    const desk = await signIn(browser, base, DOCTOR, { size: DESK, trouble: [] })
    await desk.goto(`${base}/app/consult/${id}/request`)
    await desk.getByLabel('Summary').fill('at the desk')
    await desk.getByText('Draft saved').waitFor(WAIT)
    for (let i = 0; i < 60 && (await read(desk, `/flow/cases/${id}/drafts/request`)).body.summary !== 'at the desk'; i++) await desk.waitForTimeout(500)
    await desk.context().close()
    await context.setOffline(false)
    page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(`${base}/app/today`)
    await page.getByText('1 item is not sent yet').waitFor(WAIT)
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.getByText('It was also changed elsewhere').waitFor(WAIT)
    findings.push(...await inspect(page, 'not sent'))
    await shot(page, 'not_sent')
    await page.getByRole('link', { name: 'Compare' }).click()
    const differs = page.locator('[data-differs=summary]')
    await differs.waitFor(WAIT)
    assert.match(await differs.innerText(), /on the boat[\s\S]*at the desk/)
    assert.equal((await read(page, `/flow/cases/${id}/drafts/request`)).body.summary, 'at the desk', 'sent before the person had chosen')
    findings.push(...await inspect(page, 'side by side'))
    await shot(page, 'side_by_side')
    await page.getByRole('button', { name: 'Keep this one' }).click()
    await page.getByText('Draft saved').waitFor(WAIT)
    for (let i = 0; i < 60 && (await read(page, `/flow/cases/${id}/drafts/request`)).body.summary !== 'on the boat'; i++) await page.waitForTimeout(500)
    const now = await read(page, `/flow/cases/${id}/drafts/request`)
    assert.equal(now.body.summary, 'on the boat')
    assert.equal((await read(page, `/flow/cases/${id}/drafts/request?version=${now.version - 1}`)).body.summary, 'at the desk', 'the other text is gone')
  })

  await t.test('what is not sent outlives a log-off, and another person sees its number alone; what was read goes', async () => {
    await page.getByRole('button', { name: /^3|Photos/ }).first().click()
    await page.locator('input[type=file]').nth(1).setInputFiles([await photo(page)])
    await page.locator('.ph-item').waitFor(WAIT)
    await keptUntil(page, (rows) => rows.unsent.length >= 1)
    const address = page.url()
    await page.getByRole('button', { name: /Shi Chunmei/ }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByText('1 item on this device is not sent').waitFor(WAIT)
    assert.deepEqual((await kept(page)).rows.reads, [])
    await page.locator(`[data-login="${OTHER}"]`).click()
    await page.getByText('1 item of another person on this device is not sent').waitFor(WAIT)
    findings.push(...await inspect(page, 'another person'))
    await shot(page, 'another_person')
    const { text } = await kept(page)
    assert.ok(!text.includes('JFIF') && !text.includes('on the boat'))
    await page.getByRole('button', { name: /Zhou Mingyuan/ }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.locator(`[data-login="${DOCTOR}"]`).click()
    await page.locator('.s-shell').waitFor(WAIT)
    await page.goto(address)
    await page.locator('.ph-item').waitFor(WAIT)
    await page.locator('.ph-item').getByRole('button', { name: 'Discard' }).click()
    await page.getByLabel('Why discard').selectOption('unusable')
    await page.getByRole('button', { name: 'Really discard?' }).click()
    await keptUntil(page, (rows) => rows.unsent.length === 0)
  })

  await t.test('the tenth wrong PIN destroys what was read, not what is not sent', async () => {
    await page.locator('input[type=file]').nth(1).setInputFiles([await photo(page)])
    await keptUntil(page, (rows) => rows.unsent.some((id) => !id.startsWith('text|')) && rows.reads.length > 0)
    await page.evaluate(async () => {
      const database = await new Promise((resolve) => { const opening = indexedDB.open('qiao.device'); opening.onsuccess = () => resolve(opening.result) })
      const meta = database.transaction('meta', 'readwrite').objectStore('meta')
      const keys = await new Promise((resolve) => { const asked = meta.getAllKeys(); asked.onsuccess = () => resolve(asked.result) })
      const key = keys.find((one) => one.startsWith('pin.'))
      const record = await new Promise((resolve) => { const asked = meta.get(key); asked.onsuccess = () => resolve(asked.result) })
      await new Promise((resolve) => { meta.put({ ...record, tries: 8 }, key).onsuccess = resolve })
      database.close()
    })
    await context.setOffline(true)
    await page.goto(`${base}/app/today`)
    await unlock(page, '999001')
    await page.getByText('1 try is left').waitFor(WAIT)
    await unlock(page, '999002')
    await page.getByText('Too soon after a wrong PIN').waitFor(WAIT)
    await page.evaluate(async () => {
      const database = await new Promise((resolve) => { const opening = indexedDB.open('qiao.device'); opening.onsuccess = () => resolve(opening.result) })
      const meta = database.transaction('meta', 'readwrite').objectStore('meta')
      const keys = await new Promise((resolve) => { const asked = meta.getAllKeys(); asked.onsuccess = () => resolve(asked.result) })
      const key = keys.find((one) => one.startsWith('pin.'))
      const record = await new Promise((resolve) => { const asked = meta.get(key); asked.onsuccess = () => resolve(asked.result) })
      await new Promise((resolve) => { meta.put({ ...record, notBefore: 0 }, key).onsuccess = resolve })
      database.close()
    })
    await unlock(page, '999003')
    await page.getByText('Ten wrong PINs').waitFor(WAIT)
    findings.push(...await inspect(page, 'ten wrong'))
    await shot(page, 'ten_wrong')
    const rows = await keptUntil(page, (one) => one.reads.length === 0)
    assert.equal(rows.unsent.filter((id) => !id.startsWith('text|')).length, 1)
    await context.setOffline(false)
    await page.goto(`${base}/app/today`)
    await page.getByText('1 item is not sent yet').waitFor(WAIT)
  })

  await t.test('a session that is ended elsewhere blanks the page, keeps the draft and comes back to its place', async () => {
    const id = await draft(page, base, 'before')
    await page.getByLabel('Summary').fill('typed a moment before')
    const address = page.url()
    const other = await signIn(browser, base, DOCTOR, { size: PHONE, trouble: [] })
    const from = Date.now()
    await other.evaluate(async () => void (await fetch('/access/me/sessions/end-others', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{}' })))
    await page.locator('.s-shell').waitFor({ state: 'detached', timeout: 15_000 })
    const ms = Date.now() - from
    t.diagnostic(`blank after ${ms} ms`)
    assert.ok(ms <= 5000, `${ms} ms`)
    assert.ok(!(await page.locator('body').innerText()).includes('typed a moment before'))
    await page.locator(`[data-login="${DOCTOR}"]`).click()
    await page.getByLabel('Summary').waitFor(WAIT)
    assert.equal(page.url(), address)
    await summaryIs(page, 'typed a moment before')
    assert.equal(caseOf(page), id)
  })
  assert.deepEqual(findings, [])
})
