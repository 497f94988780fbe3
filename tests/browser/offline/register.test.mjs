// A new patient without a line: checked on the device, sent once and before what is asked for them; whom the server knows already
// is shown and never swallowed.
import assert from 'node:assert/strict'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { inspect, launch, nationalId, read, WAIT } from '../story/people.mjs'
import { kept, keptUntil, prepare, shot, unlock } from './kit.mjs'
import { startLine } from './line.mjs'

const NAME = '试海生'
const NUMBER = nationalId('19790314', 51)
const SUMMARY = 'Cut the hand on a net winch an hour ago.'
const TWIN = { name: '试同名', number: nationalId('19661102', 52), sex: 'male', birthDate: '1966-11-02' }

const patientsOf = (page, number) => page.evaluate(async (value) => (await (await fetch('/fhir/Patient/_search', { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body: `identifier=${value}` })).json()).entry ?? [], number)
const drafts = async (page) => (await read(page, '/flow/worklists/drafts?count=100')).rows

async function fillIn(page, { name, number }) {
  await page.getByLabel(/^Name/).fill(name)
  await page.getByLabel('Document number').fill(number)
}
const register = (page) => page.getByRole('button', { name: 'Register', exact: true }).click()

test('a patient registered without a line', async (t) => {
  const server = await startServer('demo')
  const line = await startLine(server.base)
  const browser = await launch()
  t.after(async () => { await browser.close(); await line.stop(); await server.stop() })
  const findings = []
  let { page, patient: known } = await prepare(browser, line.base)
  const context = page.context()
  const newPage = async () => {
    page = await context.newPage()
    page.setDefaultTimeout(20_000)
    await page.goto(`${line.base}/app/today`)
  }
  const before = (await drafts(page)).length
  const knownBirth = (await read(page, `/fhir/Patient/${known.id}`)).birthDate
  let caseId = ''

  await t.test('is checked here: the number, and whom this device knows', async () => {
    await context.setOffline(true)
    await page.goto(`${line.base}/app/patients/new?for=consult`)
    await page.getByLabel('Offline PIN').waitFor(WAIT)
    await unlock(page)
    await fillIn(page, { name: known.name, number: NUMBER.slice(0, 17) + (NUMBER[17] === '1' ? '2' : '1') })
    await page.getByText('The check digit does not fit').waitFor(WAIT)
    await page.getByLabel(/^Document(?! number)/).selectOption('none')
    await page.getByLabel('Why there is none').selectOption('not_at_hand')
    await page.getByLabel('Birth date').fill(knownBirth)
    await page.getByRole('radio', { name: 'Female', exact: true }).check()
    await register(page)
    await page.getByText('Found among the patients kept on this device').waitFor(WAIT)
    await page.getByRole('button', { name: known.name }).waitFor(WAIT)
    findings.push(...await inspect(page, 'known on this device'))
    await shot(page, 'register_known_here')
  })

  await t.test('lies sealed here with the request that is begun for them', async () => {
    await page.getByLabel(/^Document(?! number)/).selectOption('national_id')
    await page.getByLabel('Birth date').fill('')
    await fillIn(page, { name: NAME, number: NUMBER })
    await page.getByRole('radio', { name: Number(NUMBER[16]) % 2 === 1 ? 'Male' : 'Female', exact: true }).check()
    await register(page)
    await page.getByLabel('Receiving hospital').selectOption('Organization/demo-hub')
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByText('No line: the request is kept on this device').waitFor(WAIT)
    await page.getByText('registered on this device only').waitFor(WAIT)
    await page.getByLabel('Summary').fill(SUMMARY)
    findings.push(...await inspect(page, 'request for a new patient'))
    await shot(page, 'register_request')
    await page.getByRole('link', { name: 'Registration' }).click()
    await page.getByText('No line: the registration is kept on this device').waitFor(WAIT)
    assert.equal(await page.getByRole('button', { name: 'Discard' }).count(), 0, 'a request hangs on it')
    findings.push(...await inspect(page, 'registration without a line'))
    await shot(page, 'register_waits')
    await page.goto(`${line.base}/app/patients`)
    await unlock(page)
    await page.getByText('Registered on this device, not sent yet').waitFor(WAIT)
    await shot(page, 'register_list')
    const { text, rows } = await kept(page)
    assert.ok(rows.unsent.length >= 2, JSON.stringify(rows))
    for (const plain of [NAME, NUMBER, SUMMARY]) assert.ok(!text.includes(plain), `"${plain}" lies on the device in plain`)
    await page.close()
  })

  await t.test('arrives once and first, though both answers are lost and the tab is closed', async () => {
    line.loseAnswer('POST', /Patient\/\$register/)
    line.loseAnswer('POST', /Task\/\$create/)
    await context.setOffline(false)
    await newPage()
    await page.waitForFunction(() => document.body.textContent.includes('items are not sent'), undefined, WAIT)
    for (let i = 0; i < 100 && !line.seen.some((one) => one.includes('$register')); i++) await page.waitForTimeout(100)
    await page.close()
    await newPage()
    await page.getByText('The request written without a line has arrived').waitFor({ timeout: 60_000 })
    await page.getByText('not sent').first().waitFor({ state: 'detached', timeout: 60_000 })
    const acts = line.seen.flatMap((one) => /\$(register|create)/.exec(one)?.[1] ?? [])
    assert.ok(acts.filter((one) => one === 'register').length >= 2 && acts.filter((one) => one === 'create').length >= 2, acts.join(' '))
    assert.ok(acts.lastIndexOf('register') < acts.indexOf('create'), acts.join(' '))
    const found = await patientsOf(page, NUMBER)
    assert.equal(found.length, 1)
    assert.equal((await drafts(page)).length, before + 1)
    await page.getByRole('link', { name: 'Go on and sign' }).click()
    await page.waitForURL(/request\?step=consent/, WAIT)
    caseId = /consult\/([^/]+)\/request/.exec(page.url())[1]
    const view = await read(page, `/flow/cases/${caseId}`)
    assert.deepEqual([view.patient.reference, view.drafts.request.body.summary], [`Patient/${found[0].resource.id}`, SUMMARY])
    await keptUntil(page, (rows) => rows.unsent.every((id) => id.startsWith('text|')) && rows.unsent.length <= 2)
  })

  await t.test('whom the server knows is shown to the person, who says which of both it is', async () => {
    // Registered elsewhere meanwhile: this device has not seen the patient.
    const made = await page.evaluate(async ({ name, number, sex, birthDate }) => {
      const patient = { resourceType: 'Patient', name: [{ text: name }], gender: sex, birthDate, identifier: [{ system: 'urn:oid:2.16.156.10011.1.3', value: number }] }
      return (await (await fetch('/fhir/Patient/$register', { method: 'POST', headers: { 'Content-Type': 'application/fhir+json' }, body: JSON.stringify(patient) })).json()).id
    }, { ...TWIN, sex: Number(TWIN.number[16]) % 2 === 1 ? 'male' : 'female' })
    assert.ok(made)
    await page.close()
    await context.setOffline(true)
    await newPage()
    await unlock(page)
    await page.getByText('opened by the offline PIN').waitFor(WAIT)
    await page.getByRole('link', { name: 'New consultation' }).click()
    await page.getByRole('link', { name: 'Register a new patient' }).click()
    await fillIn(page, { name: TWIN.name, number: TWIN.number })
    await register(page)
    await page.getByLabel('Receiving hospital').selectOption('Organization/demo-hub')
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByLabel('Summary').fill('Asked for somebody whom the clinic knows.')
    await page.waitForTimeout(300)
    await page.close()
    await context.setOffline(false)
    await newPage()
    await page.getByText('Some of it needs your answer').waitFor({ timeout: 60_000 })
    await page.reload()
    await page.getByText('Some of it needs your answer').waitFor({ timeout: 60_000 })
    assert.equal((await patientsOf(page, TWIN.number)).length, 1, 'nobody was made')
    assert.equal((await drafts(page)).length, before + 1, 'nothing is asked for somebody who is not known')
    await page.getByRole('button', { name: 'Show' }).click()
    await page.getByText('This person may already be registered here').waitFor(WAIT)
    findings.push(...await inspect(page, 'what needs an answer'))
    await shot(page, 'register_asks')
    await page.getByRole('dialog').getByRole('listitem').filter({ hasText: 'Registration' }).getByRole('link', { name: 'Open' }).click()
    await page.getByText('This person may already be registered at your institution').waitFor(WAIT)
    findings.push(...await inspect(page, 'likely duplicate'))
    await shot(page, 'register_duplicate')
    await page.getByRole('button', { name: TWIN.name }).first().click()
    await page.waitForURL(`**/app/patients/${made}`, WAIT)
    await page.getByText('The request written without a line has arrived').waitFor({ timeout: 60_000 })
    assert.equal((await patientsOf(page, TWIN.number)).length, 1)
    const row = (await drafts(page)).find((one) => one.case !== caseId && one.patient?.name === TWIN.name)
    assert.ok(row, JSON.stringify(await drafts(page)).slice(0, 600))
    assert.equal((await read(page, `/flow/cases/${row.case}`)).patient.reference, `Patient/${made}`)
    await keptUntil(page, (rows) => rows.unsent.length <= 1)
  })

  await t.test('can be discarded by its person, and the server keeps why', async () => {
    await page.getByRole('link', { name: 'Go on and sign' }).click()
    await page.close()
    await context.setOffline(true)
    await newPage()
    await unlock(page)
    await page.goto(`${line.base}/app/patients/new`)
    await unlock(page)
    await fillIn(page, { name: '试弃用', number: nationalId('19900909', 53) })
    await register(page)
    await page.getByText('No line: the registration is kept on this device').waitFor(WAIT)
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.getByLabel('Why discard').selectOption('not_needed')
    await page.getByRole('button', { name: 'Really discard?' }).click()
    await page.getByText('This registration is no longer on this device').waitFor(WAIT)
    await context.setOffline(false)
    await page.reload()
    for (let i = 0; i < 100 && !line.seen.some((one) => one.includes('/me/discards')); i++) await page.waitForTimeout(100)
    assert.equal((await patientsOf(page, nationalId('19900909', 53))).length, 0)
  })
  assert.deepEqual(findings, [])
})
