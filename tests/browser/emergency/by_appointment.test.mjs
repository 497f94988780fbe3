// A session by appointment: arranged with a time, both sides check their devices, it begins only when the requester is there,
// breaks off, goes on, and ends in the opinion.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, make, PHONE, read, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.EMERGENCY_SHOTS
const shot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true }) }

const soon = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString().slice(0, 16)

test('a session by appointment: checked, begun, broken off, resumed, concluded', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const trouble = []
  const findings = []
  const coordinator = await signIn(browser, server.base, 'su.wenting', { size: DESK, trouble })
  const doctor = await signIn(browser, server.base, 'pan.yulan', { size: PHONE, locale: 'zh-CN', trouble })
  const expert = await signIn(browser, server.base, 'qian.hao', { size: DESK, trouble })
  const caseId = (await read(coordinator, '/flow/worklists/desk')).rows.find((row) => row.specialty === 'cardiology').case
  const page = `${server.base}/app/consult/${caseId}`
  await Promise.all([coordinator.goto(page), doctor.goto(page)])
  const state = async () => (await read(coordinator, `/flow/cases/${caseId}`)).state

  await make(coordinator, 'schedule', async (dialog) => {
    await dialog.getByRole('textbox').first().fill('Qian Hao')
    await dialog.locator('.x-list').getByRole('checkbox', { name: 'Qian Hao' }).check(WAIT)
    await shot(coordinator, 'session-schedule')
    await dialog.getByRole('radio', { name: /session/i }).check()
    await dialog.locator('input[type=datetime-local]').fill(soon(1))
    findings.push(...await inspect(coordinator, 'arrange a session'))
    await shot(coordinator, 'session-schedule-time')
  })
  await expert.goto(page)
  await expert.locator('[data-action=accept]').waitFor(WAIT)
  assert.match(await expert.locator('.q-facts').first().innerText(), /Session\s+\w{3} \d/, 'the offer says for when')
  await shot(expert, 'session-offer')
  await make(expert, 'accept')
  assert.equal(await state(), 'confirmed')
  for (const side of [expert, doctor]) {
    await make(side, 'device_ok', async (dialog) => {
      await dialog.getByRole('textbox').fill('OK')
      findings.push(...await inspect(side, 'devices'))
    })
  }
  await expert.locator('[data-action=begin]').waitFor(WAIT)

  await make(coordinator, 'reschedule', async (dialog) => {
    await dialog.locator('input[type=datetime-local]').fill(soon(2))
    await dialog.getByLabel('Reason').fill('The expert is in surgery')
    findings.push(...await inspect(coordinator, 'reschedule'))
  })
  // Whoever said yes said it to the old time: asked again, with the new one.
  await expert.getByText(/Session/).first().waitFor(WAIT)
  await make(expert, 'accept')
  for (const side of [doctor, expert]) await make(side, 'device_ok', (dialog) => dialog.getByRole('textbox').fill('OK'))
  await shot(doctor, 'session-clinic')
  await expert.locator('[data-action=begin]').waitFor(WAIT)
  await make(coordinator, 'mark_absent', async (dialog) => {
    await dialog.getByRole('radio', { name: 'The requesting side' }).check()
    await dialog.getByLabel('Reason').fill('Power cut on the island')
    findings.push(...await inspect(coordinator, 'absent'))
    await shot(coordinator, 'session-absent')
  })
  assert.equal(await state(), 'no_show')
  assert.ok(await coordinator.locator('[data-action=give_up]').isVisible(), 'or it ends here')
  await make(coordinator, 'reschedule', async (dialog) => {
    await dialog.locator('input[type=datetime-local]').fill(soon(3))
    const reason = dialog.getByLabel('Reason')
    if (await reason.count() > 0) await reason.fill('Power is back')
  })
  await make(expert, 'accept')
  for (const side of [doctor, expert]) await make(side, 'device_ok', (dialog) => dialog.getByRole('textbox').fill('OK'))
  await expert.locator('[data-action=begin]').waitFor(WAIT)
  assert.doesNotMatch(await expert.locator('#main').innerText(), /\d{4}-\d\d-\d\dT/, 'times are written for people')
  await make(expert, 'begin')
  await make(expert, 'interrupt', (dialog) => dialog.getByLabel('Reason').fill('The line is down'))
  await make(doctor, 'resume')
  await shot(expert, 'session-on')
  await make(expert, 'conclude')
  await doctor.locator('.q-chip', { hasText: '书写意见' }).first().waitFor(WAIT)
  assert.equal(await state(), 'opinion_draft')
  findings.push(...await inspect(doctor, 'session at the clinic'), ...await inspect(expert, 'session'))
  await shot(expert, 'session-over')
  assert.deepEqual(trouble, [])
  assert.deepEqual(findings, [])
})
