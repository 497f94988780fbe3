// A patient's phone is bound face to face; the patient signs in again with identity number and code, reads the opinion, asks for
// a correction, and gets the privacy officer's answer. The patient has a phone in Chinese, and then a desk in English. With
// SHOTS=<folder> each page is kept as a picture.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, PHONE, read, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })

async function openPatient(browser, base, trouble, { size = PHONE, locale = 'zh-CN', hash = '' } = {}) {
  const phone = size === PHONE
  const context = await browser.newContext({ viewport: size, locale, hasTouch: phone, isMobile: phone, reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('console', (message) => { if (message.type() === 'error' && !/status of (400|401)/.test(message.text())) trouble.push(`patient: ${message.text()} ${message.location().url}`) })
  page.on('pageerror', (error) => trouble.push(`patient: ${error.stack}`))
  await page.goto(`${base}/p${hash}`)
  return page
}

test('a patient sees the own record, and asks', { timeout: 300_000 }, async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  const trouble = []
  const findings = []
  const look = async (page, name) => {
    await page.mouse.move(0, 0)
    findings.push(...await inspect(page, name))
    if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true })
  }
  t.after(async () => { await browser.close(); await server.stop() })

  // Somebody of the demo who has an opinion already.
  const doctor = await signIn(browser, server.base, 'guo.daoming', { size: DESK, locale: 'en', trouble })
  const list = await read(doctor, '/flow/worklists/inbox?count=100')
  const row = list.rows.find((one) => one.patient)
  assert.ok(row, 'the demo has a case with an opinion')
  const patient = await read(doctor, `/fhir/${row.patient.reference}`)
  const number = patient.identifier.find((one) => one.system === 'urn:oid:2.16.156.10011.1.3').value
  const id = patient.id

  await doctor.goto(`${server.base}/app/patients/${id}`)
  await doctor.getByRole('button', { name: 'Bind a phone' }).click(WAIT)
  const dialog = doctor.getByRole('dialog')
  await dialog.getByLabel('Telephone number').fill('000-5559931')
  await dialog.getByLabel(/I have looked at the identity paper/).check()
  await look(doctor, 'bind-desk-en')
  await dialog.getByRole('button', { name: 'Show the code' }).click()
  const code = (await dialog.locator('.p-code').textContent(WAIT)).replace(/\D/g, '')
  await look(doctor, 'bind-code-desk-en')

  // The phone scans the code: the digits stand behind the #, which no server sees.
  const phone = await openPatient(browser, server.base, trouble, { hash: `#bind=${code}` })
  await phone.getByRole('heading', { name: '绑定这部手机' }).waitFor(WAIT)
  await look(phone, 'bind-phone-zh')
  await phone.getByLabel('六位密码').fill('111111')
  await phone.getByLabel('再输入一次密码').fill('111111')
  await phone.getByRole('button', { name: '绑定' }).click()
  await phone.getByText('密码须为六位数字').waitFor()
  await phone.getByLabel('六位密码').fill('274951')
  await phone.getByLabel('再输入一次密码').fill('274951')
  await phone.getByRole('button', { name: '绑定' }).click()
  await phone.getByRole('link', { name: new RegExp(row.number) }).waitFor(WAIT)
  await look(phone, 'cases-phone-zh')
  await phone.getByRole('button', { name: '退出' }).click()

  // Again, with identity number and code.
  await phone.getByLabel('证件号码').fill(number)
  await look(phone, 'sign-in-phone-zh')
  await phone.getByRole('button', { name: '发送验证码' }).click()
  await phone.getByText('模拟的验证码').waitFor()
  await look(phone, 'code-phone-zh')
  await phone.getByLabel('六位验证码').fill(await phone.locator('.code').textContent())
  await phone.getByRole('button', { name: '登录' }).click()
  await phone.getByRole('link', { name: new RegExp(row.number) }).click(WAIT)
  await phone.getByRole('heading', { name: '专家意见' }).waitFor()
  await look(phone, 'case-phone-zh')
  const pdf = await phone.evaluate(async (url) => { const answer = await fetch(url); return [answer.status, answer.headers.get('content-type')] }, `/patient/${id}/cases/${row.case}/opinion.pdf`)
  assert.deepEqual(pdf, [200, 'application/pdf'])
  await phone.getByRole('link', { name: '知情同意' }).click()
  await phone.getByText('有效').first().waitFor()
  await look(phone, 'consents-phone-zh')

  // A correction of one entry.
  await phone.getByRole('link', { name: '健康记录' }).click()
  await phone.getByRole('button', { name: '有误？' }).first().click()
  await phone.getByLabel('请用您自己的话说明').fill('当时量的是另一个人')
  await look(phone, 'correction-phone-zh')
  await phone.getByRole('button', { name: '提交' }).click()
  const asked = (await phone.getByText(/^请求 P-/).textContent()).match(/P-\d+-\d+/)[0]
  await look(phone, 'record-phone-zh')

  const officer = await signIn(browser, server.base, 'yu.shaoqin', { size: DESK, locale: 'en', trouble })
  await officer.goto(`${server.base}/app/access/patient-requests`)
  const card = officer.locator(`[data-request="${asked}"]`)
  await card.getByRole('button', { name: 'I take it' }).click(WAIT)
  await card.getByRole('button', { name: 'I take it' }).waitFor({ state: 'detached' })
  await look(officer, 'requests-desk-en')
  await card.getByRole('button', { name: 'Answer' }).click()
  await officer.getByRole('dialog').getByLabel('Outcome').selectOption('done')
  await officer.getByRole('dialog').getByLabel('Answer to the patient').fill('已在记录旁写明更正。')
  await look(officer, 'answer-desk-en')
  await officer.getByRole('dialog').getByRole('button', { name: 'Answer' }).click()
  await card.getByText('已在记录旁写明更正。').waitFor(WAIT)
  await officer.setViewportSize(PHONE)
  await look(officer, 'requests-phone-en')

  // Who looked, an objection to one look, the page to take along.
  await phone.getByRole('link', { name: '谁看过' }).click()
  await phone.getByText('望海市中心医院 · 专家').first().waitFor(WAIT)
  await look(phone, 'looks-phone-zh')
  await phone.getByRole('button', { name: '反对' }).first().click()
  await phone.getByLabel('请用您自己的话说明').fill('我不认识这位')
  await phone.getByRole('button', { name: '提交' }).click()
  const objection = (await phone.getByText(/^请求 P-.* 已提交/).textContent()).match(/P-\d+-\d+/)[0]

  // The officer grants it against the hospital, which sees nothing from then on; the clinic's page says so.
  await officer.reload()
  await officer.locator(`[data-request="${objection}"]`).getByRole('button', { name: 'Answer' }).click(WAIT)
  const granting = officer.getByRole('dialog')
  await granting.getByLabel('Outcome').selectOption('done')
  await granting.getByLabel('Institution that sees nothing').selectOption({ label: 'Wanghai Central Hospital' })
  await granting.getByLabel('Answer to the patient').fill('该医院不再能查看您的资料。')
  await look(officer, 'objection-phone-en')
  await officer.setViewportSize(DESK)
  await look(officer, 'objection-desk-en')
  await granting.getByRole('button', { name: 'Answer' }).click()
  await granting.waitFor({ state: 'detached', ...WAIT })
  await doctor.goto(`${server.base}/app/patients/${id}`)
  await doctor.getByText(/Wanghai Central Hospital sees nothing of this patient/).waitFor(WAIT)
  await look(doctor, 'denied-desk-en')
  await doctor.goto(`${server.base}/app/consult/${row.case}`)
  await doctor.getByText('Closed to the asked hospital').first().waitFor(WAIT)
  await look(doctor, 'denied-case-desk-en')
  await doctor.setViewportSize(PHONE)
  await look(doctor, 'denied-case-phone-en')
  await phone.getByRole('link', { name: '我的会诊' }).click()
  await phone.getByRole('button', { name: '导出全部' }).click()
  await phone.getByLabel('您的六位密码').fill('274951')
  await look(phone, 'export-phone-zh')
  const [download] = await Promise.all([phone.waitForEvent('download', WAIT), phone.getByRole('button', { name: '下载' }).click()])
  assert.equal(download.suggestedFilename(), 'records.zip')
  await look(phone, 'take-along-phone-zh')

  // Who sees nothing of the record, on whose word; a request that is not answered is taken back.
  await phone.getByRole('link', { name: '我的请求' }).click()
  await phone.getByText('您的反对已被接受').waitFor(WAIT)
  await phone.getByText(/^办理人：/).waitFor()
  await phone.getByRole('button', { name: '提出请求' }).click()
  await phone.getByLabel('请用您自己的话说明').fill('多余的请求')
  await phone.getByRole('button', { name: '提交' }).click()
  await phone.getByRole('button', { name: '撤回', exact: true }).click(WAIT)
  await look(phone, 'request-back-phone-zh')
  await phone.getByRole('dialog').getByRole('button', { name: '撤回', exact: true }).click()
  await phone.getByText('您已撤回').waitFor(WAIT)
  await look(phone, 'denials-phone-zh')

  // Taking a consent back is said twice.
  await phone.getByRole('link', { name: '知情同意' }).click()
  await phone.getByRole('button', { name: '撤回同意' }).first().click()
  await look(phone, 'withdraw-phone-zh')
  await phone.getByRole('button', { name: '取消' }).click()

  // The same person at a desk, in English.
  const desk = await openPatient(browser, server.base, trouble, { size: DESK, locale: 'en' })
  await desk.getByLabel('Identity number').fill(number)
  await look(desk, 'sign-in-desk-en')
  await desk.getByRole('button', { name: 'Send the code' }).click()
  await desk.getByLabel('Code of six digits').fill('000000')
  await desk.getByRole('button', { name: 'Sign in' }).click()
  await desk.getByText('The number or the code is wrong').waitFor()
  await desk.getByLabel('Code of six digits').fill(await desk.locator('.code').textContent())
  await desk.getByRole('button', { name: 'Sign in' }).click()
  await desk.getByRole('link', { name: 'My requests' }).click(WAIT)
  await desk.getByText('已在记录旁写明更正。').waitFor()
  await look(desk, 'requests-own-desk-en')
  // The objection is taken back, with the PIN: the case is open to the hospital again.
  await desk.getByRole('button', { name: 'Take the objection back' }).click()
  await look(desk, 'denial-end-desk-en')
  await desk.getByRole('dialog').getByLabel(/PIN/).fill('274951')
  await desk.getByRole('dialog').getByRole('button', { name: 'Take the objection back' }).click()
  await desk.getByText(/Open again since/).waitFor(WAIT)
  await look(desk, 'denial-over-desk-en')
  await doctor.reload()
  await doctor.getByText('Closed to the asked hospital').first().waitFor({ state: 'detached', ...WAIT })
  await desk.getByRole('link', { name: 'My cases' }).click()
  await desk.getByRole('link', { name: 'The one page (PDF)' }).waitFor()
  await look(desk, 'cases-desk-en')
  await desk.getByRole('link', { name: new RegExp(row.number) }).click()
  await desk.getByRole('heading', { name: "The expert's opinion" }).waitFor()
  await look(desk, 'case-desk-en')
  await desk.getByRole('link', { name: 'Who looked' }).click()
  await desk.getByText('Wanghai Central Hospital · expert').first().waitFor()
  await look(desk, 'looks-desk-en')
  await desk.setViewportSize(PHONE)
  await look(desk, 'looks-phone-en')
  await desk.setViewportSize(DESK)
  await desk.getByRole('link', { name: 'Consents' }).click()
  await desk.getByText('In force').first().waitFor()
  await look(desk, 'consents-desk-en')
  await desk.getByRole('link', { name: 'Health record' }).click()
  await desk.getByRole('heading', { name: 'Measurements' }).waitFor()
  await look(desk, 'record-desk-en')
  assert.equal(await desk.evaluate(() => fetch('/flow/worklists').then((answer) => answer.status)), 401, 'nothing of the staff')

  assert.deepEqual(findings, [])
  assert.deepEqual(trouble.filter((line) => !/status of 401/.test(line)), [])
})
