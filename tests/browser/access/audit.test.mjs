// The audit in Chromium on the real program: the administrator searches, opens a row, checks the chain and takes a file; the
// privacy officer of the township sees what concerns its patients, and writes down why a colleague looked. With SHOTS=<folder>
// each page is kept as a picture.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, PHONE, read, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })

async function look(page, name, findings) {
  findings.push(...await inspect(page, name))
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true })
}

test('the audit is read, checked and exported; odd looks are explained', { timeout: 400_000 }, async () => {
  const server = await startServer('demo')
  const browser = await launch()
  const trouble = []
  const findings = []
  try {
    // Somebody looks at a patient of the same family name, outside a case.
    const doctor = await signIn(browser, server.base, 'lin.haiyan', { trouble })
    const made = await doctor.evaluate(async () => {
      const body = { resourceType: 'Parameters', parameter: [{ name: 'patient', resource: { resourceType: 'Patient', name: [{ text: '林试验' }], gender: 'male', birthDate: '1981-02-03' } }, { name: 'noIdReason', valueCode: 'not_at_hand' }] }
      return (await fetch('/fhir/Patient/$register', { method: 'POST', headers: { 'Content-Type': 'application/fhir+json' }, body: JSON.stringify(body) })).json()
    })
    await read(doctor, `/fhir/Patient/${made.id}`)

    const auditor = await signIn(browser, server.base, 'dong.lixin', { trouble })
    await auditor.goto(server.base + '/app/access/audit')
    await auditor.waitForSelector('table[data-rows]', WAIT)
    await auditor.locator('[data-verify]').click()
    await auditor.waitForSelector('[data-chain=whole]', WAIT)
    await auditor.getByLabel('Patient').fill(made.id)
    await auditor.getByLabel('Action').selectOption('read')
    await auditor.getByRole('button', { name: 'Search', exact: true }).click()
    await auditor.waitForSelector('table[data-rows="1"]', WAIT)
    const text = await auditor.locator('#main').innerText()
    assert.match(text, /Lin Haiyan/)
    assert.doesNotMatch(text, /林试验/, 'no name of a patient')
    await look(auditor, 'audit-en-desk', findings)
    await auditor.getByRole('button', { name: /Details of row/ }).click()
    await auditor.getByRole('dialog').getByText('Treatment').waitFor(WAIT)
    await look(auditor, 'audit-row-en-desk', findings)
    await auditor.keyboard.press('Escape')
    await auditor.getByRole('button', { name: 'Export as CSV' }).click()
    const [file] = await Promise.all([auditor.waitForEvent('download', WAIT), auditor.getByRole('dialog').locator('button[type=submit]').click()])
    const lines = readFileSync(await file.path(), 'utf8').trim().split('\r\n')
    assert.equal(lines.length, 2)
    assert.match(lines[1], /林海燕/)
    await auditor.getByText('1 row saved').waitFor(WAIT)
    await auditor.getByLabel('Patient').fill('nobody')
    await auditor.getByRole('button', { name: 'Search', exact: true }).click()
    trouble.length = 0 // the browser writes that the next answer is a 400
    await auditor.getByText('No patient, or more than one, has this number').waitFor(WAIT)
    assert.ok(trouble.every((line) => /status of 400/.test(line)), trouble.join('\n'))
    trouble.length = 0

    const phone = await signIn(browser, server.base, 'dong.lixin', { size: PHONE, locale: 'zh-CN', trouble })
    await phone.goto(server.base + '/app/access/audit')
    await phone.waitForSelector('table[data-rows]', WAIT)
    await look(phone, 'audit-zh-phone', findings)
    await phone.getByRole('button', { name: /行详情/ }).first().click()
    await look(phone, 'audit-row-zh-phone', findings)

    // The lines are gathered once a day: the demo's clock goes on by one. Everybody's session ends with it.
    await doctor.evaluate(() => fetch('/access/demo-clock', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ minutes: 1500 }) }))
    for (const page of [doctor, auditor, phone]) await page.context().close()
    const officer = await signIn(browser, server.base, 'shao.wenqing', { trouble })
    await officer.goto(server.base + '/app/access/audit')
    await officer.waitForSelector('table[data-rows]', WAIT)
    assert.equal(await officer.locator('[data-verify]').count(), 0, 'the chain is the audit administrator\'s')
    await look(officer, 'audit-officer-en-desk', findings)
    const looks = await read(officer, `/access/looks?patient=${made.id}`)
    assert.ok(looks.looks.some((one) => one.act === 'look' && one.why === 'care' && one.person.nameEn === 'Lin Haiyan'), JSON.stringify(looks))

    // The page of the looks: names, a filter, a file; the audit says that it was taken.
    await officer.goto(server.base + '/app/access/looks')
    await officer.getByLabel('Record number').fill(made.id)
    await officer.getByRole('button', { name: 'Show' }).click()
    await officer.locator('tr[data-why=care]').first().waitFor(WAIT)
    await look(officer, 'looks-officer-en-desk', findings)
    await officer.getByLabel('Reason').selectOption('care')
    assert.deepEqual([...new Set(await officer.locator('tr[data-why]').evaluateAll((rows) => rows.map((row) => row.dataset.why)))], ['care'])
    const [kept] = await Promise.all([officer.waitForEvent('download', WAIT), officer.getByRole('button', { name: 'Export (CSV)' }).click()])
    const csv = readFileSync(await kept.path(), 'utf8')
    assert.match(csv, /"Lin Haiyan","Doctor"/)
    assert.ok(!csv.includes('Privacy and audit'), 'only what the filter leaves')
    const taken = await officer.evaluate(async (patient) => (await (await fetch('/access/audit/search', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ patient, action: 'export' }) })).json()).rows, made.id)
    assert.deepEqual(taken.map((row) => [row.type, row.person.nameEn]).slice(0, 1), [['AuditEvent', 'Shao Wenqing']])
    await officer.evaluate(() => { window.print = () => { window.printed = true } })
    await officer.getByRole('button', { name: 'Print' }).click()
    await officer.waitForFunction(() => window.printed)
    await officer.emulateMedia({ media: 'print' })
    await officer.getByText(/^Record .* · Printed/).waitFor(WAIT)
    await look(officer, 'looks-officer-print', findings)
    await officer.emulateMedia({ media: 'screen' })
    const gathered = async () => (await read(officer, '/access/odd-looks')).lines.some((line) => line.kind === 'own_name')
    for (let turn = 0; turn < 150 && !(await gathered()); turn++) await officer.waitForTimeout(1000)
    await officer.goto(server.base + '/app/access/odd-looks')
    await officer.locator('[data-odd=own_name]').first().waitFor(WAIT)
    await look(officer, 'odd-en-desk', findings)
    await officer.locator('[data-odd=own_name]').first().getByRole('button').click()
    await officer.getByRole('textbox', { name: 'Explanation' }).fill('Her brother; she registered him at the desk.')
    await officer.getByRole('dialog').locator('button[type=submit]').click()
    await officer.getByText('Her brother; she registered him at the desk.').waitFor(WAIT)
    const small = await signIn(browser, server.base, 'shao.wenqing', { size: PHONE, locale: 'zh-CN', trouble })
    await small.goto(server.base + '/app/access/odd-looks')
    await small.locator('[data-odd=own_name]').first().waitFor(WAIT)
    await look(small, 'odd-zh-phone', findings)
    await small.goto(server.base + `/app/access/looks?patient=${made.id}`)
    await small.locator('tr[data-why=care]').first().waitFor(WAIT)
    await look(small, 'looks-zh-phone', findings)
    assert.deepEqual(trouble, [])
    assert.deepEqual(findings, [])
  } finally {
    await browser.close()
    await server.stop()
  }
})
