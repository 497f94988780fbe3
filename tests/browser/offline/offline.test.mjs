// A doctor's phone without a line: what was read opens by PIN, what is written arrives once, nothing lies there in plain.
import assert from 'node:assert/strict'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { inspect, launch, read, WAIT } from '../story/people.mjs'
import { begin, kept, keptReads, keptUntil, photo, prepare, shot, unlock } from './kit.mjs'
import { startLine } from './line.mjs'

const SUMMARY = 'Fell from a fishing boat, headache, vomited twice.'

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
    await shot(page, 'case_offline')
  })

  await t.test('a request with a photo is written and the tab closed', async () => {
    await begin(page, patient)
    await page.getByText('No line: the request is kept on this device').waitFor(WAIT)
    await page.getByLabel('Summary').fill(SUMMARY)
    await page.getByLabel('Specialty').selectOption('neurosurgery')
    findings.push(...await inspect(page, 'request without a line'))
    await shot(page, 'request_offline')
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.locator('input[type=file]').nth(1).setInputFiles([await photo(page)])
    await page.getByRole('button', { name: /^Send 1/ }).click(WAIT)
    await page.locator('.ph-item').getByText('Waits for its turn').first().waitFor(WAIT).catch(() => undefined)
    const { text, rows } = await kept(page)
    assert.ok(rows.unsent.length >= 2, JSON.stringify(rows))
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
    await shot(page, 'arrived')
    await page.getByText('not sent').first().waitFor({ state: 'detached', timeout: 60_000 })
    assert.ok(line.seen.filter((one) => one.includes('$create')).length >= 2, 'the act was not sent again: nothing was tried')
    const now = await drafts(page)
    assert.equal(now.length, before + 1)
    await page.getByRole('link', { name: 'Go on and sign' }).click()
    await page.waitForURL(/request\?step=consent/, WAIT)
    const id = /consult\/([^/]+)\/request/.exec(page.url())[1]
    const view = await read(page, `/flow/cases/${id}`)
    assert.deepEqual([view.drafts.request.version, view.drafts.request.body.summary, view.items.attachments.length], [1, SUMMARY, 1])
    // The page that is open now may hold a draft of its own; the photo and the request have left the device.
    await keptUntil(page, (rows) => rows.unsent.every((id) => id.startsWith('text|')) && rows.unsent.length <= 2)
  })
  assert.deepEqual(findings, [])
})
