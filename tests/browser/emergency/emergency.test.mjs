// An emergency from the island: who is on duty and whom to telephone before anybody presses, the alarm, a refusal that rings
// the next, advice by telephone, the signed opinion and its read-back; each seen by the others without a reload.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, make, nationalId, PHONE, read, signIn, signOpinion, WAIT, writeOpinion } from '../story/people.mjs'

const shots = process.env.EMERGENCY_SHOTS
const shot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true }) }
const NAME = '试验急诊'
const QUESTION = 'Fell from a mast, pupils unequal. Which drug now?'
const CALLBACK = '000-5550123'
const ADVICE = 'Mannitol 20 % 250 ml in 20 minutes, head up 30 degrees'

/** Registers a patient, marks the request as an emergency and calls; gives the case. */
async function call(doctor, base, findings) {
  await doctor.goto(`${base}/app/patients/new?for=consult`)
  await doctor.getByLabel('Name').first().fill(NAME)
  await doctor.getByLabel('Document number').fill(nationalId('19900101', 401))
  await doctor.getByRole('button', { name: 'Register' }).click()
  await doctor.waitForURL(/consult\/new\?patient/, WAIT)
  await doctor.getByLabel('Receiving hospital').selectOption('Organization/demo-hub')
  await doctor.getByRole('button', { name: 'Begin' }).click()
  await doctor.waitForURL(/request/, WAIT)
  assert.match(await doctor.locator('[data-fee]').innerText(WAIT), /120\.00/, 'the price stands before the consent')
  await doctor.getByLabel('Specialty').selectOption('neurosurgery')
  await doctor.getByRole('radio', { name: /^Emergency/ }).check()
  const panel = doctor.locator('.e-call')
  const onDuty = panel.getByRole('listitem').filter({ hasText: 'Zhou Mingyuan' })
  await onDuty.getByText('has a page open').waitFor(WAIT)
  assert.deepEqual(await panel.locator('a[href^="tel:"]').evaluateAll((links) => links.map((one) => one.getAttribute('href'))), ['tel:120', 'tel:000-5550100'])
  await doctor.getByLabel('Question to the expert').fill(QUESTION)
  await panel.locator('[data-action=call_emergency]').click()
  await panel.getByRole('alert').filter({ hasText: 'Vital signs' }).waitFor(WAIT)
  findings.push(...await inspect(doctor, 'call panel'))
  await shot(doctor, 'panel')
  await panel.getByRole('alert').getByRole('button').click()
  await doctor.getByRole('radio', { name: 'Measured' }).check()
  await doctor.getByLabel('Heart rate (/min)').fill('54')
  await panel.getByLabel('Call-back number').fill(CALLBACK)
  await panel.locator('[data-action=call_emergency]').click()
  await doctor.waitForURL(/consult\/[^/]+$/, WAIT)
  await doctor.getByText('Calling: Zhou Mingyuan').waitFor(WAIT)
  findings.push(...await inspect(doctor, 'called'))
  await shot(doctor, 'called')
  return doctor.url().split('/').pop()
}

/** The alarm fills the screen; opening it leads to the offer, which has what is needed and names nobody. */
async function openAlarm(expert, findings, name) {
  const alarm = expert.getByRole('alertdialog')
  await alarm.waitFor(WAIT)
  const box = await alarm.boundingBox()
  assert.deepEqual([box.width, box.height], [expert.viewportSize().width, expert.viewportSize().height], 'the alarm fills the screen')
  findings.push(...await inspect(expert, `alarm ${name}`))
  await shot(expert, `alarm-${name}`)
  await alarm.getByRole('button').first().click()
  await expert.locator('[data-action=accept]').waitFor(WAIT)
  const text = await expert.locator('main').innerText()
  for (const needed of [QUESTION, CALLBACK, '54', '000-5550100']) assert.ok(text.includes(needed), `the offer lacks ${needed}`)
  assert.ok(!text.includes(NAME), 'the offer names the patient')
  findings.push(...await inspect(expert, `offer ${name}`))
  await shot(expert, `offer-${name}`)
}

/** Counts the tones that the page plays from now on. */
const listen = (page) => page.evaluate(() => {
  const start = OscillatorNode.prototype.start
  window.tonesPlayed = 0
  OscillatorNode.prototype.start = function (...when) { window.tonesPlayed++; return start.apply(this, when) }
})

async function sign(expert, findings) {
  await expert.locator('[data-action=sign]').click(WAIT)
  await expert.getByText(ADVICE).first().waitFor(WAIT)
  await writeOpinion(expert, {
    findings: 'Raised intracranial pressure is likely.',
    doNow: ADVICE,
    whenToSend: 'At once by the rescue boat',
    dangerSigns: 'Both pupils wide, slow breathing',
    actBy: /^Now/,
  })
  findings.push(...await inspect(expert, 'workspace'))
  await shot(expert, 'workspace')
  await signOpinion(expert)
}

test('an emergency is called, declined, answered by the next, advised by telephone, signed and read back', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const trouble = []
  const findings = []
  const first = await signIn(browser, server.base, 'zhou.mingyuan', { size: PHONE, locale: 'zh-CN', trouble })
  const next = await signIn(browser, server.base, 'cao.siyuan', { size: DESK, trouble })
  const lead = await signIn(browser, server.base, 'ren.guohua', { size: DESK, trouble })
  const doctor = await signIn(browser, server.base, 'lin.haiyan', { size: PHONE, trouble })
  await listen(first)
  const caseId = await call(doctor, server.base, findings)

  await first.waitForFunction(() => window.tonesPlayed > 1, undefined, WAIT)
  await openAlarm(first, findings, 'first')
  assert.equal(await next.getByRole('alertdialog').count(), 0, 'one by one, not all at once')
  await lead.getByRole('link', { name: 'Emergency calls' }).first().click()
  await lead.locator(`a[href="/app/consult/${caseId}"]:visible`).first().click(WAIT)
  await lead.locator('[data-action=open_to_all]').waitFor(WAIT)
  findings.push(...await inspect(lead, 'duty lead'))
  await shot(lead, 'duty-lead')

  await make(first, 'decline', (dialog) => dialog.getByLabel('原因').fill('手术中'))
  await openAlarm(next, findings, 'next')
  await doctor.getByText('Calling: Cao Siyuan').waitFor(WAIT)
  await make(next, 'accept')
  await make(next, 'phone_advice', async (dialog) => {
    await dialog.getByLabel('Text').fill(ADVICE)
    await dialog.getByLabel('Read-back').fill('Mannitol 250 ml in 20 minutes')
    findings.push(...await inspect(next, 'advice'))
    await shot(next, 'advice')
  })
  await doctor.getByText(ADVICE).first().waitFor(WAIT)
  findings.push(...await inspect(doctor, 'advised'))
  await shot(doctor, 'advised')

  await sign(next, findings)
  await doctor.locator('[data-action=read_back]').waitFor(WAIT)
  findings.push(...await inspect(doctor, 'opinion'))
  await shot(doctor, 'opinion')
  await make(doctor, 'read_back', (dialog) => dialog.getByLabel('Text').fill('Mannitol given, boat on its way'))
  const view = await read(doctor, `/flow/cases/${caseId}`)
  assert.equal(view.state, 'opinion_signed')
  assert.equal(view.emergency.phone_advice.text, ADVICE)
  assert.ok(view.clocks.find((clock) => clock.name === 'read_back').stopped, 'the read-back stops its clock')
  assert.ok(view.moves.some((move) => move.action === 'add_consent' && move.blocked === null), 'the consent may still follow')
  assert.deepEqual(trouble, [])
  assert.deepEqual(findings, [])
})
