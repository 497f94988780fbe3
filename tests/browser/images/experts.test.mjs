// The desk and the experts: what is missing is asked for once, the clocks wait with their reason, an expert declines,
// another is added beside the lead, the lead hands back; each seen by the others without a reload.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, make, PHONE, read, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.IMAGES_SHOTS
const shot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true }) }


const ask = (...names) => async (dialog) => {
  for (const name of names) {
    await dialog.getByRole('textbox').first().fill(name)
    await dialog.getByRole('checkbox', { name }).check(WAIT)
  }
}

/** Given back for an ECG that the clinic does not have: the second time it cannot be asked for. */
async function giveBackOnce(coordinator, doctor, caseId, findings) {
  await doctor.locator('[data-action=resubmit]').waitFor(WAIT)
  await make(doctor, 'resubmit', async (dialog) => {
    await dialog.getByLabel('手背近照').fill('见消息')
    findings.push(...await inspect(doctor, 'resubmit'))
  })
  await make(coordinator, 'give_back', async (dialog) => {
    await dialog.getByLabel('Reason').fill('An ECG is needed before drugs')
    await dialog.getByRole('checkbox', { name: 'ECG is missing' }).check()
    findings.push(...await inspect(coordinator, 'give back'))
  })
  await coordinator.getByText('Given back: the clinic is asked for').waitFor(WAIT)
  assert.match(await coordinator.locator('.b-more').innerText(), /Arrange.*paused: material missing/s, 'the clock says why it waits')
  await shot(coordinator, 'given-back')
  await doctor.getByRole('alert').filter({ hasText: '心电图' }).waitFor(WAIT)
  await shot(doctor, 'returned')
  await make(doctor, 'proceed_without', async (dialog) => {
    await dialog.getByRole('checkbox', { name: '心电图' }).check()
    await dialog.getByLabel('原因').fill('卫生室没有心电图机')
  })
  await coordinator.locator('[data-action=give_back]').click(WAIT)
  const again = coordinator.getByRole('dialog')
  await again.getByRole('checkbox', { name: 'ECG is missing' }).waitFor(WAIT)
  assert.ok(await again.getByRole('checkbox', { name: 'ECG is missing' }).isDisabled(), 'what cannot be obtained is not asked for twice')
  await shot(coordinator, 'asked-once')
  await coordinator.keyboard.press('Escape')
  const clocks = (await read(coordinator, `/flow/cases/${caseId}`)).clocks.filter((clock) => !clock.stopped)
  assert.ok(clocks.length > 0 && clocks.every((clock) => clock.paused === null), 'the clocks run again')
}

test('asked once, declined, added, handed back', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const trouble = []
  const findings = []
  const coordinator = await signIn(browser, server.base, 'su.wenting', { size: DESK, trouble })
  const doctor = await signIn(browser, server.base, 'shi.chunmei', { size: PHONE, locale: 'zh-CN', trouble })
  const first = await signIn(browser, server.base, 'wan.ruolin', { size: PHONE, locale: 'zh-CN', trouble })
  const second = await signIn(browser, server.base, 'zhou.mingyuan', { size: DESK, trouble })
  const caseId = (await read(coordinator, '/flow/worklists/arranged')).rows.find((row) => row.state === 'returned').case
  const page = `${server.base}/app/consult/${caseId}`
  await Promise.all([coordinator.goto(page), doctor.goto(page)])
  const status = async (login) => (await read(coordinator, `/flow/cases/${caseId}`)).participants.filter((one) => one.person.name_en === login).map((one) => `${one.role} ${one.status}`)

  await t.test('what the clinic cannot obtain is asked for once', () => giveBackOnce(coordinator, doctor, caseId, findings))

  await t.test('the expert of the specialty stands first; the offer shows the question and nobody', async () => {
    await coordinator.locator('[data-action=schedule]').click()
    const dialog = coordinator.getByRole('dialog')
    assert.match(await dialog.locator('.x-list li').first().innerText(), /Wan Ruolin.*right specialty/s)
    findings.push(...await inspect(coordinator, 'choose'))
    await shot(coordinator, 'choose')
    await dialog.getByRole('checkbox', { name: 'Wan Ruolin' }).check()
    await dialog.locator('button[type=submit]').click()
    await dialog.waitFor({ state: 'detached', ...WAIT })
    await first.getByRole('link', { name: /会诊邀请/ }).first().click()
    await first.locator(`a[href="/app/consult/${caseId}"]:visible`).first().click(WAIT)
    await first.locator('[data-action=accept]').waitFor(WAIT)
    const offer = await read(first, `/flow/cases/${caseId}`)
    assert.equal(offer.view, 'offer')
    const { patient } = await read(coordinator, `/flow/cases/${caseId}`)
    assert.ok(!(await first.locator('main').innerText()).includes(patient.name), 'the offer names nobody')
    findings.push(...await inspect(first, 'offer'))
    await shot(first, 'offer')
  })

  await t.test('declined with its reason, another expert asked in their place', async () => {
    await make(first, 'decline', (dialog) => dialog.getByLabel('原因').fill('出差'))
    await first.waitForURL(/\/app\/today$/, WAIT)
    await shot(first, 'declined')
    await coordinator.getByText('出差').first().waitFor(WAIT)
    assert.deepEqual(await status('Wan Ruolin'), ['expert declined'])
    await make(coordinator, 'add_expert', ask('Zhou Mingyuan'))
    await second.goto(page)
    await make(second, 'accept')
    await coordinator.locator('[data-action=hand_back]').waitFor(WAIT)
    assert.deepEqual(await status('Zhou Mingyuan'), ['lead_expert accepted'])
  })

  await t.test('handed back with its reason; the desk arranges again and an added expert does not become the lead', async () => {
    await second.locator('[data-action=sign]').waitFor(WAIT)
    await make(second, 'hand_back', (dialog) => dialog.getByLabel('Reason').fill('Not my field'))
    await coordinator.getByText('Not my field').first().waitFor(WAIT)
    assert.deepEqual(await status('Zhou Mingyuan'), ['expert left'])
    await shot(coordinator, 'handed-back')
    await make(coordinator, 'add_expert', ask('Wan Ruolin'))
    await make(coordinator, 'add_expert', ask('Cao Siyuan'))
    assert.deepEqual(await status('Wan Ruolin'), ['expert declined', 'lead_expert offered'])
    assert.deepEqual(await status('Cao Siyuan'), ['expert offered'])
    findings.push(...await inspect(coordinator, 'arranged again'))
    await shot(coordinator, 'arranged-again')
    assert.equal((await second.evaluate(async (id) => (await fetch(`/flow/cases/${id}`)).status, caseId)), 404, 'who handed back sees the case no more')
  })
  // The last question of this test is refused: the only trouble that it may leave.
  assert.deepEqual(trouble.filter((line) => !/^zhou\.mingyuan: .*status of 404.*\/flow\/cases\//.test(line)), [])
  assert.deepEqual(findings, [])
})
