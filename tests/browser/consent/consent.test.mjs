// Who consents and how, in Chromium: thumbprint with a witness, a sheet of paper, a relative under review, a refusal, and a
// withdrawal that the other hospital's open page feels at once. Phone and desk, Chinese and English.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, make, PHONE, read, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.CONSENT_SHOTS
const shot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true }) }
const HUB = 'Organization/demo-hub'
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
const picture = (name) => ({ name, mimeType: 'image/png', buffer: PNG })

/** A draft in which everything but the consent is written; made over HTTP, as this test is about the consent. */
async function draftOf(page, name) {
  return page.evaluate(async ({ patient, hub }) => {
    const post = async (method, path, body, headers) => {
      const answer = await fetch(path, { method, headers, body: JSON.stringify(body) })
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return answer
    }
    const fhir = { 'Content-Type': 'application/fhir+json' }
    const registered = await (await post('POST', '/fhir/Patient/$register?confirmed=true&noIdReason=not_at_hand', { resourceType: 'Patient', name: [{ text: patient }], gender: 'male', birthDate: '1958-04-05' }, fhir)).json()
    const created = await post('POST', '/fhir/Task/$create', { resourceType: 'Parameters', parameter: [{ name: 'machine', valueCode: 'consult' }, { name: 'create_id', valueString: crypto.randomUUID() }, { name: 'patient', valueReference: { reference: `Patient/${registered.id}` } }] }, fhir)
    const id = created.headers.get('Location').split('/').pop()
    const body = { purpose: 'diagnosis', specialty: 'neurosurgery', rank: 'any', urgency: 'urgent', receiver: hub, summary: '头痛三天，今晨呕吐。', question: '需要转院吗？', vitals: { status: 'none' }, allergies: { status: 'none' }, drugs: { status: 'none' }, attachments: { status: 'none' } }
    await post('PUT', `/flow/cases/${id}/drafts/request`, { version: 0, body }, { 'Content-Type': 'application/json' })
    return id
  }, { patient: name, hub: HUB })
}

const consentStep = async (page, base, id) => {
  await page.goto(`${base}/app/consult/${id}/request?step=consent`)
  await page.locator('.q-note.q-pre').first().waitFor(WAIT)
}

async function draw(page, pad) {
  await pad.scrollIntoViewIfNeeded()
  const box = await pad.boundingBox()
  await page.mouse.move(box.x + 20, box.y + 30)
  await page.mouse.down()
  for (let i = 0; i < 30; i++) await page.mouse.move(box.x + 20 + i * 6, box.y + 40 + 20 * Math.sin(i))
  await page.mouse.up()
}

async function send(page, id, next) {
  await page.getByRole('button', { name: next }).click()
  await page.locator('[data-action=submit]').click(WAIT)
  await page.waitForURL(new RegExp(`consult/${id}$`), WAIT)
}

/** A thumb on the pad, a witness who may not be the patient; the whole in Chinese at a desk. */
async function thumbprint(doctor, base, findings) {
  const id = await draftOf(doctor, '试验指印')
  await consentStep(doctor, base, id)
  assert.match(await doctor.locator('.q-note.q-pre').first().innerText(), /不同意不影响/)
  await doctor.getByRole('radio', { name: /^患者本人/ }).check()
  await doctor.getByRole('group', { name: /录音录像/ }).getByRole('radio', { name: '不同意' }).check()
  await doctor.getByRole('group', { name: /用于教学/ }).getByRole('radio', { name: '同意', exact: true }).check()
  await doctor.getByLabel('以上内容已向同意人说明').check()
  await doctor.getByRole('radio', { name: /^按指印/ }).check()
  await doctor.getByRole('button', { name: '屏幕按压' }).click()
  const pad = doctor.getByLabel('请用拇指按压框内').last()
  await pad.scrollIntoViewIfNeeded()
  const box = await pad.boundingBox()
  await doctor.mouse.click(box.x + 120, box.y + 60)
  await doctor.getByRole('button', { name: '采用指印' }).click()
  await doctor.getByRole('img', { name: '指印' }).waitFor(WAIT)
  await doctor.getByLabel('见证人姓名').fill('试验指印')
  await doctor.getByLabel('见证人与患者的关系').fill('邻居')
  await draw(doctor, doctor.locator('canvas.sg-pad'))
  await doctor.getByRole('button', { name: '采用签名' }).click()
  await doctor.getByRole('img', { name: '见证人签名' }).waitFor(WAIT)
  await doctor.getByRole('button', { name: '下一步' }).click()
  await doctor.getByText('见证人不能是申请医生或同意人').waitFor(WAIT)
  await doctor.getByRole('button', { name: '上一步' }).or(doctor.getByRole('button', { name: '返回' })).first().click()
  await doctor.getByLabel('见证人姓名').fill('周阿姨')
  findings.push(...await inspect(doctor, 'thumbprint'))
  await shot(doctor, 'thumbprint-desk-zh')
  await send(doctor, id, '下一步')
  await doctor.locator('.b-more').getByText('同意：患者本人（会诊、教学）').waitFor(WAIT)
  const { consent } = await read(doctor, `/flow/cases/${id}`)
  assert.deepEqual([consent.method, consent.witness.name, consent.recording.answer, consent.teaching.answer, consent.text.language], ['thumbprint', '周阿姨', 'no', 'yes', 'zh'])
  findings.push(...await inspect(doctor, 'case with thumbprint'))
  await shot(doctor, 'thumbprint-case-desk-zh')
  return id
}

/** The sheet is printed by the server, signed by hand, photographed with the phone; English. */
async function paper(doctor, base, findings) {
  const id = await draftOf(doctor, 'Trial Paper')
  await consentStep(doctor, base, id)
  await doctor.getByRole('radio', { name: /^The patient/ }).check()
  await doctor.getByRole('radio', { name: /^On paper/ }).check()
  const sheet = await doctor.getByRole('link', { name: 'Print the blank sheet' }).getAttribute('href')
  const printed = await doctor.evaluate(async (path) => { const answer = await fetch(path); return [answer.status, answer.headers.get('content-type')] }, sheet)
  assert.deepEqual(printed, [200, 'application/pdf'])
  await doctor.getByLabel('Photograph the sheet').setInputFiles(picture('one.png'))
  await doctor.getByRole('link', { name: 'Sheet 1' }).waitFor(WAIT)
  await doctor.getByLabel('Choose scan or PDF').setInputFiles([picture('two.png')])
  await doctor.getByRole('link', { name: 'Sheet 2' }).waitFor(WAIT)
  await doctor.getByLabel('The text above was explained').check()
  findings.push(...await inspect(doctor, 'paper'))
  await shot(doctor, 'paper-phone-en')
  await send(doctor, id, 'Next')
  await doctor.getByText('Consent: patient, for consultation').first().waitFor(WAIT)
  assert.equal((await read(doctor, `/flow/cases/${id}`)).consent.paper.length, 2)
  await shot(doctor, 'paper-case-phone-en')
  return id
}

/** Another hospital: the words name that one, and it is asked only with the consent to them. */
async function reroute(doctor, id, findings) {
  await make(doctor, 'reroute', async (dialog) => {
    await dialog.getByText('Choose the hospital first').waitFor(WAIT)
    await dialog.getByLabel('Receiving hospital').selectOption('Organization/demo-county')
    await dialog.locator('.q-note.q-pre').waitFor(WAIT)
    await dialog.getByRole('radio', { name: /^The patient/ }).check()
    await dialog.getByLabel('The text above was explained').check()
    await draw(doctor, dialog.locator('canvas.sg-pad'))
    await dialog.getByRole('button', { name: 'Take this signature' }).click()
    await dialog.getByText('Signed', { exact: true }).waitFor(WAIT)
    await dialog.getByLabel('Reason').fill('The hub has no bed')
    findings.push(...await inspect(doctor, 'another hospital'))
    await shot(doctor, 'reroute-phone-en')
  })
  const seen = await read(doctor, `/flow/cases/${id}`)
  assert.deepEqual([seen.to.reference, seen.state, seen.consent.receiver.reference, seen.consent.state], ['Organization/demo-county', 'material_check', 'Organization/demo-county', 'given'])
}

/** The doctor's reason in words, the case withheld from the patient, the review that continues it, the patient's own consent. */
async function relative(doctor, base, findings) {
  const id = await draftOf(doctor, '试验家属')
  await consentStep(doctor, base, id)
  await doctor.getByRole('radio', { name: /^近亲属/ }).check()
  await doctor.getByLabel('同意人姓名').fill('家属甲')
  await doctor.getByLabel('与患者的关系').fill('儿子')
  await doctor.getByLabel('为什么不能向患者本人说明').fill('病重')
  await doctor.getByLabel('以上内容已向同意人说明').check()
  await draw(doctor, doctor.locator('canvas.sg-pad'))
  await doctor.getByRole('button', { name: '采用签名' }).click()
  await doctor.getByText('已签名', { exact: true }).waitFor(WAIT)
  await doctor.getByRole('button', { name: '下一步' }).click()
  await doctor.getByText('至少 8 个字').waitFor(WAIT)
  findings.push(...await inspect(doctor, 'relative without a reason'))
  await consentStep(doctor, base, id)
  await doctor.getByLabel('为什么不能向患者本人说明').fill('告知可能加重病情，家属要求暂缓')
  await shot(doctor, 'relative-phone-zh')
  await send(doctor, id, '下一步')
  await doctor.locator('.b-more').getByText('对患者本人不显示').waitFor(WAIT)
  assert.equal((await read(doctor, `/flow/cases/${id}`)).consent.withheld, true)
  findings.push(...await inspect(doctor, 'case of a relative'))
  await shot(doctor, 'relative-case-phone-zh')
  await make(doctor, 'review_consent', async (dialog) => {
    await dialog.getByRole('radio', { name: '仍不能告知患者：继续' }).check()
    await dialog.getByLabel('原因').fill('仍在抢救')
    findings.push(...await inspect(doctor, 'review'))
    await shot(doctor, 'review-phone-zh')
  })
  await make(doctor, 'review_consent', async (dialog) => {
    await dialog.getByRole('radio', { name: '由新的同意替代' }).check()
    await dialog.getByLabel('原因').fill('患者已清醒')
    await dialog.getByRole('radio', { name: /^患者本人/ }).check()
    await dialog.getByLabel('以上内容已向同意人说明').check()
    await draw(doctor, dialog.locator('canvas.sg-pad'))
    await dialog.getByRole('button', { name: '采用签名' }).click()
    await dialog.getByText('已签名', { exact: true }).waitFor(WAIT)
    findings.push(...await inspect(doctor, 'replaced'))
    await shot(doctor, 'replace-phone-zh')
  })
  await doctor.locator('.b-more').getByText('对患者本人不显示').waitFor({ state: 'detached', ...WAIT })
  const { consent } = await read(doctor, `/flow/cases/${id}`)
  assert.deepEqual([consent.by, consent.state, consent.withheld], ['patient', 'given', false])
}

/** A no is kept, nothing is sent, and the page says that care goes on. */
async function refusal(doctor, base, findings) {
  const id = await draftOf(doctor, 'Trial Refusal')
  await consentStep(doctor, base, id)
  await doctor.getByRole('button', { name: 'The patient does not agree' }).click()
  const dialog = doctor.getByRole('dialog')
  await dialog.getByText('Ordinary care here goes on exactly as before.').waitFor(WAIT)
  findings.push(...await inspect(doctor, 'refusal'))
  await shot(doctor, 'refusal-desk-en')
  await dialog.getByRole('button', { name: 'Sign and record the refusal' }).click()
  await dialog.waitFor({ state: 'detached', ...WAIT })
  const note = doctor.getByRole('region', { name: 'Refused' })
  await note.getByText('Nothing was sent').waitFor(WAIT)
  await doctor.getByText('Consent refused').first().waitFor(WAIT)
  const seen = await read(doctor, `/flow/cases/${id}`)
  assert.deepEqual([seen.state, seen.consent.state], ['draft', 'refused'])
  findings.push(...await inspect(doctor, 'refused draft'))
  await shot(doctor, 'refused-desk-en')
  await note.getByRole('button', { name: 'Discard the draft' }).click()
  await note.getByRole('button', { name: 'Discard for good' }).click()
  await doctor.waitForURL(new RegExp(`consult/${id}$`), WAIT)
  assert.equal((await read(doctor, `/flow/cases/${id}`)).state, 'cancelled')
}

/** The desk has the case open; the clinic withdraws for the patient, first teaching alone, then all of it. */
async function withdrawal(doctor, coordinator, base, id, findings) {
  await coordinator.goto(`${base}/app/consult/${id}`)
  await coordinator.locator('[data-action=schedule]').waitFor(WAIT)
  await doctor.goto(`${base}/app/consult/${id}`)
  await make(doctor, 'withdraw_scope', async () => { await shot(doctor, 'withdraw-teaching-desk-zh') })
  await doctor.locator('.b-more').getByText('同意：患者本人（会诊）').waitFor(WAIT)
  assert.equal((await read(coordinator, `/flow/cases/${id}`)).state, 'material_check')
  await make(doctor, 'withdraw_consent', async (dialog) => {
    await dialog.getByText('对方医院看不到此病例和患者').waitFor(WAIT)
    findings.push(...await inspect(doctor, 'withdrawal'))
    await shot(doctor, 'withdraw-desk-zh')
  })
  await doctor.locator('.b-more').getByText('同意已撤回').waitFor(WAIT)
  await doctor.getByText('撤回同意').first().waitFor(WAIT)
  await coordinator.getByText('No such case, or not yours to see').waitFor(WAIT)
  assert.equal(await coordinator.evaluate(async (one) => (await fetch(`/flow/cases/${one}`)).status, id), 404)
  findings.push(...await inspect(doctor, 'withdrawn'), ...await inspect(coordinator, 'gone'))
  await shot(doctor, 'withdrawn-desk-zh')
  const { patient } = await read(doctor, `/flow/cases/${id}`)
  await doctor.goto(`${base}/app/patients/${patient.reference.split('/')[1]}`)
  await doctor.getByRole('heading', { name: '知情同意' }).waitFor(WAIT)
  await doctor.getByText('已失效').first().waitFor(WAIT)
  findings.push(...await inspect(doctor, 'patient page'))
  await shot(doctor, 'patient-desk-zh')
}

test('consent in every way', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const trouble = []
  const findings = []
  const open = (size, locale) => signIn(browser, server.base, 'lin.haiyan', { size, locale, trouble })
  const desk = await open(DESK, 'zh-CN')
  const id = await thumbprint(desk, server.base, findings)
  const english = await open(PHONE, 'en')
  await reroute(english, await paper(english, server.base, findings), findings)
  await english.context().close()
  const phone = await open(PHONE, 'zh-CN')
  await relative(phone, server.base, findings)
  await phone.context().close()
  const second = await open(DESK, 'en')
  await refusal(second, server.base, findings)
  await second.context().close()
  const coordinator = await signIn(browser, server.base, 'su.wenting', { size: DESK, locale: 'en', trouble })
  await withdrawal(desk, coordinator, server.base, id, findings)
  // The desk's page asked for a case that is not its any more: that answer is the point.
  assert.deepEqual(trouble.filter((line) => !(line.startsWith('su.wenting') && line.includes('404') && line.includes(id))), [])
  assert.deepEqual(findings, [])
})
