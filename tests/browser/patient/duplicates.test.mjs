// Two records of one person: found within seconds, compared side by side, linked, taken back, put away, on the pages of the real
// program. With SHOTS=<folder> each state is kept as a picture.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, PHONE, read, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })

async function look(page, name, findings) {
  for (const [tag, size] of [['desk', DESK], ['phone', PHONE]]) {
    await page.setViewportSize(size)
    findings.push(...await inspect(page, `${name}-${tag}`))
    if (shots) await page.screenshot({ path: `${shots}/${name}-${tag}.png`, fullPage: true })
  }
  await page.setViewportSize(DESK)
}

const register = (page, name, phone) => page.evaluate(async ([text, number]) => {
  const body = { resourceType: 'Patient', name: [{ text }], gender: 'male', birthDate: '1958-11-23', telecom: [{ system: 'phone', value: number }], address: [{ text: '海鸥岛 12 号' }] }
  const answer = await fetch('/fhir/Patient/$register?confirmed=true&noIdReason=not_at_hand', { method: 'POST', headers: { 'Content-Type': 'application/fhir+json' }, body: JSON.stringify(body) })
  return (await answer.json()).id
}, [name, phone])

test('duplicate records', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  const trouble = []
  const findings = []
  t.after(async () => {
    await browser.close()
    await server.stop()
  })
  const page = await signIn(browser, server.base, 'lin.haiyan', { trouble })
  const first = await register(page, '单雄信', '000-5557001')
  const second = await register(page, '山雄信', '0005557001')
  const listed = async () => (await read(page, '/access/duplicates')).pairs.find((pair) => pair.patients.some((one) => one.id === first) && pair.patients.some((one) => one.id === second))
  let pair
  for (const end = Date.now() + 30_000; !pair && Date.now() < end;) pair = await listed()
  assert.ok(pair, 'the pair is found')

  await page.goto(server.base + '/app/patients/duplicates')
  const card = page.locator(`[data-pair="${pair.id}"]`)
  await card.waitFor(WAIT)
  await look(page, 'en-open', findings)
  await card.getByRole('button', { name: 'One person' }).click()
  if (shots) await page.screenshot({ path: `${shots}/en-dialog.png` })
  await page.getByRole('dialog').getByRole('button', { name: 'Link' }).click()
  await card.waitFor({ state: 'detached', ...WAIT })
  assert.equal((await read(page, `/fhir/Patient/${first}`)).link[0].other.reference, `Patient/${second}`)
  await page.goto(server.base + `/app/patients/${second}`)
  await page.getByText('Linked record of the same person').waitFor(WAIT)
  await page.goto(server.base + '/app/patients/duplicates')
  await page.getByText('Linked', { exact: true }).click(WAIT)
  await card.waitFor(WAIT)
  await look(page, 'en-linked', findings)
  await card.getByRole('button', { name: 'Undo' }).click()
  await card.waitFor({ state: 'detached', ...WAIT })
  assert.equal((await read(page, `/fhir/Patient/${first}`)).link, undefined)
  await page.getByText('To decide', { exact: true }).click()
  await card.getByRole('button', { name: 'Two people' }).click(WAIT)
  await card.waitFor({ state: 'detached', ...WAIT })
  await page.getByText('Two people', { exact: true }).click()
  await card.waitFor(WAIT)

  const chinese = await signIn(browser, server.base, 'lin.haiyan', { trouble, locale: 'zh-CN' })
  await chinese.goto(server.base + '/app/patients/duplicates')
  await chinese.getByText('不同的人', { exact: true }).first().click()
  await chinese.locator(`[data-pair="${pair.id}"]`).waitFor(WAIT)
  await look(chinese, 'zh-different', findings)
  assert.deepEqual(findings, [])
  assert.deepEqual(trouble, [])
})
