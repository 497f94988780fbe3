// A doctor's phone without a line: what was read opens by PIN, what is written arrives once, nothing lies there in plain.
import assert from 'node:assert/strict'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { inspect, launch, PHONE, read, signIn, WAIT } from '../story/people.mjs'
import { startLine } from './line.mjs'

const DOCTOR = 'shi.chunmei'
const PIN = '258034'
const SUMMARY = 'Fell from a fishing boat, headache, vomited twice.'

const workerRules = (page) => page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', undefined, { timeout: 60_000 })

/** Everything that the browser keeps for this origin, as text: IndexedDB, caches, local and session storage. */
const kept = (page) => page.evaluate(async () => {
  const decoder = new TextDecoder()
  const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)]
  const flat = (value) => {
    if (value instanceof ArrayBuffer) texts.push(decoder.decode(value))
    else if (ArrayBuffer.isView(value)) texts.push(decoder.decode(value))
    else if (value && typeof value === 'object' && !(value instanceof CryptoKey)) Object.values(value).forEach(flat)
    else texts.push(String(value))
  }
  const rows = {}
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve, reject) => { const opening = indexedDB.open(name); opening.onsuccess = () => resolve(opening.result); opening.onerror = reject })
    for (const store of database.objectStoreNames) {
      const all = await new Promise((resolve, reject) => { const asked = database.transaction(store).objectStore(store).getAll(); asked.onsuccess = () => resolve(asked.result); asked.onerror = reject })
      rows[`${name}/${store}`] = all.length
      flat(all)
    }
    database.close()
  }
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) if (!/\/assets\//.test(request.url)) texts.push(request.url, await (await caches.match(request)).text())
  }
  return { text: texts.join('\n'), rows }
})

/** Waits until this entry is kept for reading. */
async function keptReads(page, wanted) {
  for (let i = 0; i < 120; i++) {
    const ids = await page.evaluate(async () => {
      const database = await new Promise((resolve) => { const opening = indexedDB.open('qiao.device'); opening.onsuccess = () => resolve(opening.result) })
      const all = await new Promise((resolve) => { const asked = database.transaction('reads').objectStore('reads').getAllKeys(); asked.onsuccess = () => resolve(asked.result) })
      database.close()
      return all
    })
    if (ids.some((id) => id.endsWith(wanted))) return
    await page.waitForTimeout(500)
  }
  throw new Error(`${wanted} is not kept`)
}

async function setPin(page, base) {
  await page.goto(`${base}/app/access/me`)
  await page.getByRole('button', { name: 'Set an offline PIN' }).click(WAIT)
  await page.getByLabel('New PIN').fill('123456')
  await page.getByText('Too short, or guessed first.').waitFor(WAIT)
  await page.getByLabel('New PIN').fill(PIN)
  await page.getByLabel('Once more').fill(PIN)
  await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click()
  await page.getByText('Set on this device.', { exact: true }).waitFor(WAIT)
}

async function unlock(page, pin = PIN) {
  await page.getByLabel('Offline PIN').fill(pin)
  await page.getByRole('button', { name: 'Open', exact: true }).click()
}

const photo = async (page) => ({
  name: 'photo.jpg', mimeType: 'image/jpeg',
  buffer: Buffer.from(await page.evaluate(() => {
    const canvas = document.createElement('canvas')
    canvas.width = 900; canvas.height = 600
    const pen = canvas.getContext('2d')
    for (let i = 0; i < 300; i++) { pen.fillStyle = `hsl(${i * 11},60%,50%)`; pen.fillRect((i * 97) % 900, (i * 53) % 600, 90, 70) }
    return canvas.toDataURL('image/jpeg').split(',')[1]
  }), 'base64'),
})

/** Ready for a day without a line: the application kept, a PIN set, one case opened, the lists for a new request kept. */
async function prepare(browser, base) {
  const trouble = []
  const page = await signIn(browser, base, DOCTOR, { size: PHONE, trouble })
  await page.locator('.t-tiles').waitFor(WAIT)
  await workerRules(page)
  await setPin(page, base)
  await page.goto(`${base}/app/today`)
  await page.locator('.t-tiles').waitFor(WAIT)
  await keptReads(page, '|patients:recent')
  const [patient] = await page.evaluate(async () => (await (await fetch('/fhir/Patient?_sort=-_lastUpdated&_count=1')).json()).entry.map((one) => ({ id: one.resource.id, name: one.resource.name[0].text })))
  await keptReads(page, `|patient:${patient.id}`)
  return { page, trouble, patient }
}

const drafts = async (page) => (await read(page, '/flow/worklists/drafts?count=100')).rows

test('a request written without a line arrives exactly once', async (t) => {
  const server = await startServer('demo')
  const line = await startLine(server.base)
  const browser = await launch()
  t.after(async () => { await browser.close(); await line.stop(); await server.stop() })
  const findings = []
  let { page, patient } = await prepare(browser, line.base)
  const context = page.context()
  const before = (await drafts(page)).length
  const lists = await read(page, '/flow/worklists')
  const { name: listName } = lists.worklists.find((one) => one.count > 0 && one.name !== 'drafts')
  await page.goto(`${line.base}/app/list/${listName}`)
  const row = page.locator('main a[href*="/app/"]').first()
  await row.waitFor(WAIT)
  const caseHref = await row.getAttribute('href')
  await row.click()
  await page.waitForURL(new RegExp(caseHref), WAIT)
  const caseId = /(?:consult|cases)\/([^/?]+)/.exec(caseHref)[1]
  await keptReads(page, `|case:${caseId}`)

  await t.test('what was read opens by the PIN, with its age', async () => {
    await context.setOffline(true)
    await page.goto(`${line.base}/app/list/${listName}`)
    await page.getByLabel('Offline PIN').waitFor(WAIT)
    findings.push(...await inspect(page, 'unlock'))
    await unlock(page, '999000')
    await page.getByText('The PIN is wrong.').waitFor(WAIT)
    await page.getByText('9 tries are left').waitFor(WAIT)
    await unlock(page)
    await page.getByText('Kept on this device: as of').first().waitFor(WAIT)
    await page.getByText('opened by the offline PIN').waitFor(WAIT)
    findings.push(...await inspect(page, 'list without a line'))
    await page.locator(`main a[href="${caseHref}"]`).first().click()
    await page.waitForURL(new RegExp(caseHref), WAIT)
    await page.getByText('Kept on this device: as of').first().waitFor(WAIT)
    findings.push(...await inspect(page, 'case without a line'))
    if (process.env.QIAO_SHOTS) await page.screenshot({ path: `${process.env.QIAO_SHOTS}/case_offline.png` })
  })

  await t.test('a request with a photo is written and the tab closed', async () => {
    await page.getByRole('link', { name: 'Qiao' }).first().click()
    await page.getByRole('link', { name: 'New consultation' }).click()
    await page.getByText(patient.name, { exact: false }).first().click()
    await page.getByLabel('Receiving hospital').selectOption('Organization/demo-hub')
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByText('No line: the request is kept on this device').waitFor(WAIT)
    await page.getByLabel('Summary').fill(SUMMARY)
    await page.getByLabel('Specialty').selectOption('neurosurgery')
    findings.push(...await inspect(page, 'request without a line'))
    if (process.env.QIAO_SHOTS) await page.screenshot({ path: `${process.env.QIAO_SHOTS}/request_offline.png`, fullPage: true })
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.locator('input[type=file]').nth(1).setInputFiles([await photo(page)])
    await page.getByRole('button', { name: /^Send 1/ }).click(WAIT)
    await page.locator('.ph-item').getByText('Waits for its turn').first().waitFor(WAIT).catch(() => undefined)
    const { text, rows } = await kept(page)
    assert.ok(rows['qiao.device/unsent'] >= 2, JSON.stringify(rows))
    for (const plain of [SUMMARY, 'fishing', patient.name, 'JFIF']) assert.ok(!text.includes(plain), `"${plain}" lies on the device in plain`)
    await page.close()
  })

  await t.test('the first answers are lost, the tab is closed again: one case, one draft, one photo', async () => {
    line.loseAnswer('POST', /Task\/\$create/)
    line.loseAnswer('PUT', /\/drafts\/request/)
    await context.setOffline(false)
    page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(`${line.base}/app/today`)
    await page.waitForFunction(() => document.body.textContent.includes('item is not sent') || document.body.textContent.includes('items are not sent'), undefined, WAIT)
    for (let i = 0; i < 100 && !line.seen.some((one) => one.includes('$create')); i++) await page.waitForTimeout(100)
    await page.close()
    page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(`${line.base}/app/today`)
    await page.getByText('The request written without a line has arrived').waitFor({ timeout: 60_000 })
    findings.push(...await inspect(page, 'arrived'))
    if (process.env.QIAO_SHOTS) await page.screenshot({ path: `${process.env.QIAO_SHOTS}/arrived.png` })
    await page.getByText('not sent').first().waitFor({ state: 'detached', timeout: 60_000 })
    assert.ok(line.seen.filter((one) => one.includes('$create')).length >= 2, 'the act was not sent again: nothing was tried')
    const now = await drafts(page)
    assert.equal(now.length, before + 1)
    await page.getByRole('link', { name: 'Go on and sign' }).click()
    await page.waitForURL(/request\?step=consent/, WAIT)
    const id = /consult\/([^/]+)\/request/.exec(page.url())[1]
    const view = await read(page, `/flow/cases/${id}`)
    assert.deepEqual([view.drafts.request.version, view.drafts.request.body.summary, view.items.attachments.length], [1, SUMMARY, 1])
    const { rows } = await kept(page)
    assert.equal(rows['qiao.device/unsent'] <= 1, true, 'something is still counted as not sent')
  })
  assert.deepEqual(findings, [])
})
