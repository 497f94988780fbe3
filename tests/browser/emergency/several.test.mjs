// Several experts on one question: chosen with the reasons shown, one of them optional; a specialty that nobody comes for is
// released; a part signed with a dissent; the lead signs beside the parts; the clinic and the paper have them word for word.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, make, PHONE, read, signIn, signOpinion, WAIT, writeOpinion } from '../story/people.mjs'

const shots = process.env.EMERGENCY_SHOTS
const shot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true }) }
const DISSENT = 'Heparin is not safe before the head is imaged'

async function choose(coordinator, findings) {
  await make(coordinator, 'schedule', async (dialog) => {
    assert.match(await dialog.locator('.x-list li').first().innerText(), /right specialty/, 'the reason stands at the name')
    for (const name of ['Qian Hao', 'Zhou Mingyuan', 'Ye Qinghe', 'Wan Ruolin']) {
      await dialog.getByRole('textbox').first().fill(name)
      await dialog.locator('.x-list').getByRole('checkbox', { name }).check(WAIT)
    }
    await dialog.getByRole('group', { name: /not waited for/ }).getByRole('checkbox', { name: 'Ye Qinghe' }).check()
    await dialog.getByRole('radio', { name: 'Qian Hao' }).check()
    findings.push(...await inspect(coordinator, 'choose'))
    await shot(coordinator, 'several-choose')
  })
}

async function sign(lead, phone, findings) {
  await lead.locator('[data-action=sign]').click(WAIT)
  if (phone) await lead.getByRole('tab', { name: 'Opinion' }).click()
  await lead.getByText(DISSENT).first().waitFor(WAIT)
  await writeOpinion(lead, {
    findings: 'Unstable angina is likely.',
    doNow: 'Aspirin 300 mg, rest',
    whenToSend: 'Today by the ferry',
    dangerSigns: 'Pain over 20 minutes, fainting',
    actBy: /^Today/,
  })
  for (const box of await lead.locator('.ws-seen input').all()) await box.check()
  findings.push(...await inspect(lead, 'parts beside the opinion'))
  await shot(lead, 'several-workspace')
  await signOpinion(lead)
}

test('several experts: one optional, one released, one dissents, the lead signs, the clinic reads all', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const trouble = []
  const findings = []
  const coordinator = await signIn(browser, server.base, 'su.wenting', { size: DESK, trouble })
  const doctor = await signIn(browser, server.base, 'pan.yulan', { size: PHONE, locale: 'zh-CN', trouble })
  const lead = await signIn(browser, server.base, 'qian.hao', { size: DESK, trouble })
  const other = await signIn(browser, server.base, 'zhou.mingyuan', { size: PHONE, trouble })
  const absent = await signIn(browser, server.base, 'wan.ruolin', { size: PHONE, trouble })
  const caseId = (await read(coordinator, '/flow/worklists/desk')).rows.find((row) => row.specialty === 'cardiology').case
  const page = `${server.base}/app/consult/${caseId}`
  await Promise.all([coordinator.goto(page), doctor.goto(page)])
  const view = () => read(coordinator, `/flow/cases/${caseId}`)

  await choose(coordinator, findings)
  for (const expert of [lead, other]) {
    await expert.goto(page)
    await make(expert, 'accept')
  }
  assert.equal((await view()).state, 'scheduled', 'a required specialty is waited for')
  await absent.goto(page)
  await make(absent, 'decline', (dialog) => dialog.getByLabel('Reason').fill('On leave'))
  await make(coordinator, 'release_specialty', async (dialog) => {
    const options = dialog.getByRole('radio')
    if (await options.count() > 0) await options.first().check()
    await dialog.getByLabel('Reason').fill('No dermatologist today')
    findings.push(...await inspect(coordinator, 'release'))
    await shot(coordinator, 'several-release')
  })
  await coordinator.getByText('Opinion being written').first().waitFor(WAIT)

  await make(other, 'contribute', async (dialog) => {
    await dialog.getByLabel('Text').fill(DISSENT)
    await dialog.getByRole('radio', { name: 'Dissent' }).check()
    findings.push(...await inspect(other, 'part'))
    await shot(other, 'several-part')
  })
  await sign(lead, false, findings)
  await doctor.getByText(DISSENT).first().waitFor(WAIT)
  findings.push(...await inspect(doctor, 'parts at the clinic'))
  await shot(doctor, 'several-clinic')
  assert.deepEqual((await view()).parts.map((one) => [one.by.name_en, one.stance, one.text]), [['Zhou Mingyuan', 'dissent', DISSENT]])

  const link = await doctor.locator('a[href*="pdf"]').first().getAttribute('href')
  const bytes = Buffer.from(await doctor.evaluate(async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())], link))
  const file = join(server.data, 'opinion-for-test.pdf')
  writeFileSync(file, bytes)
  const text = execFileSync('pdftotext', ['-layout', file, '-'], { encoding: 'utf8' }).replace(/\s+/g, ' ')
  assert.ok(text.includes('Heparin is not safe'), 'the paper lacks the dissent')
  assert.deepEqual(trouble, [])
  assert.deepEqual(findings, [])
})
