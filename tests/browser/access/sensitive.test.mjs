// Emergency access and sensitivity labels on the pages of the real program: a doctor of another hospital finds a record by its exact
// number, opens it with a reason, sees the banner on the patient's pages and ends it; the privacy officer judges; a label hides a record
// from a colleague. With SHOTS=<folder> each page is kept as a picture.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, nationalId, PHONE, read, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })
const NAME = '急查无名'
const NUMBER = nationalId('19610417', 77)

async function look(page, name, findings) {
  for (const [tag, size] of [['desk', DESK], ['phone', PHONE]]) {
    await page.setViewportSize(size)
    findings.push(...await inspect(page, `${name}-${tag}`))
    if (shots) await page.screenshot({ path: `${shots}/${name}-${tag}.png` })
  }
  await page.setViewportSize(DESK)
}

const register = (page) => page.evaluate(async ([name, number]) => {
  const body = { resourceType: 'Patient', name: [{ text: name }], gender: number[16] % 2 ? 'male' : 'female', birthDate: '1961-04-17', identifier: [{ system: 'urn:oid:2.16.156.10011.1.3', value: number }] }
  const answer = await fetch('/fhir/Patient/$register', { method: 'POST', headers: { 'Content-Type': 'application/fhir+json' }, body: JSON.stringify(body) })
  return (await answer.json()).id
}, [NAME, NUMBER])

test('emergency access and labels', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  const trouble = []
  const findings = []
  t.after(async () => {
    await browser.close()
    await server.stop()
  })
  const own = await signIn(browser, server.base, 'lin.haiyan', { trouble })
  const patient = await register(own)
  assert.ok(patient)
  const other = await signIn(browser, server.base, 'he.qiushi', { trouble })

  await t.test('a foreign record is found by its exact number alone and opened with a reason', async () => {
    await other.goto(`${server.base}/app/access/break-glass`)
    await other.getByLabel('Number of a paper, or of the record').fill(NUMBER)
    await other.getByLabel('Name', { exact: true }).fill('别人')
    await other.getByRole('button', { name: 'Find', exact: true }).click()
    await other.getByText('There is no record with exactly this.').waitFor(WAIT)
    await look(other, 'glass-who', findings)
    await other.getByLabel('Name', { exact: true }).fill(NAME)
    await other.getByRole('button', { name: 'Find', exact: true }).click()
    await other.getByRole('heading', { name: 'There is a record' }).waitFor(WAIT)
    assert.equal(await other.getByText(NAME).count(), 0)
    await other.getByRole('button', { name: 'Continue' }).click()
    await other.getByRole('radio', { name: 'Life-threatening emergency' }).check(WAIT)
    await other.getByLabel('The reason in words').fill('Found unconscious at our door')
    await look(other, 'glass-why', findings)
    await other.getByRole('button', { name: 'Open the record' }).click()
    await other.waitForURL(`**/app/patients/${patient}`)
    await other.getByText('Emergency access is open.').waitFor(WAIT)
    await other.getByRole('heading', { name: NAME }).waitFor(WAIT)
    await other.locator('#main li', { hasText: /^Emergency access · until/ }).waitFor(WAIT)
    await look(other, 'glass-open', findings)
  })

  await t.test('it ends by hand, and nothing stays on the screen', async () => {
    await other.getByRole('button', { name: 'End now' }).click()
    await other.getByText('The emergency access has ended').waitFor(WAIT)
    assert.equal(await other.getByText(NAME).count(), 0)
    assert.equal(await other.evaluate(async (path) => (await fetch(path)).status, `/fhir/Patient/${patient}`), 404)
    trouble.splice(0, trouble.length, ...trouble.filter((line) => !line.endsWith(`/fhir/Patient/${patient}`)))
  })

  await t.test('the privacy officer was told and judges it', async () => {
    const officer = await signIn(browser, server.base, 'shao.wenqing', { trouble, locale: 'zh-CN' })
    assert.equal((await read(officer, '/access/me/security')).notices[0].code, 'glass_broken')
    await officer.goto(`${server.base}/app/access/glass-reviews`)
    await officer.getByText('Found unconscious at our door').waitFor(WAIT)
    assert.equal(await officer.getByText(NAME).count(), 0)
    await look(officer, 'reviews', findings)
    await officer.getByRole('button', { name: '复核' }).click()
    await officer.getByRole('radio', { name: '合理', exact: true }).check()
    await officer.getByLabel('说明').fill('当晚确已收治该患者')
    await look(officer, 'review-dialog', findings)
    await officer.getByRole('button', { name: '保存结论' }).click()
    await officer.getByText('当晚确已收治该患者').waitFor(WAIT)
    await look(officer, 'reviewed', findings)
  })

  await t.test('a label hides the record from a colleague and says who treats', async () => {
    const colleague = await signIn(browser, server.base, 'xu.anping', { trouble, locale: 'zh-CN' })
    assert.equal(await colleague.evaluate(async (path) => (await fetch(path)).status, `/fhir/Patient/${patient}`), 200)
    await own.goto(`${server.base}/app/patients/${patient}`)
    await own.getByRole('button', { name: 'Sensitivity labels' }).click(WAIT)
    await own.getByLabel('Member of the staff').check()
    await own.getByRole('dialog').getByLabel('Reason').fill('She works here')
    await look(own, 'labels', findings)
    await own.getByRole('dialog').getByRole('button', { name: 'Keep' }).click()
    await own.getByRole('dialog').waitFor({ state: 'detached', ...WAIT })
    await own.locator('.q-chip', { hasText: 'Member of the staff' }).waitFor(WAIT)
    await look(own, 'labelled', findings)
    assert.equal(await colleague.evaluate(async (path) => (await fetch(path)).status, `/fhir/Patient/${patient}`), 404)
    trouble.splice(0, trouble.length, ...trouble.filter((line) => !line.endsWith(`/fhir/Patient/${patient}`)))
  })

  assert.deepEqual(findings, [])
  assert.deepEqual(trouble, [])
})
