// A study comes from a clinic's browser, belongs to nobody, is taken for the patient although the identities differ, is
// read, named by a signed opinion with a key image, and is taken away again: the opinion is flagged and its signer told.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, PHONE, read, signIn, WAIT } from '../story/people.mjs'

const here = fileURLToPath(new URL('.', import.meta.url))
const shots = process.env.IMAGES_SHOTS
const shot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`) }) }

const closed = (dialog) => dialog.waitFor({ state: 'detached', ...WAIT })

/** Uploads a made-up study of another birth date from the page of unmatched studies; every text that the progress showed. */
async function upload(doctor, base, patient, files) {
  const parts = { M: 'male', F: 'female' }
  const sex = Object.keys(parts).find((one) => parts[one] === patient.sex)
  execFileSync('/usr/bin/python3', [join(here, 'make_study.py'), files, patient.name, 'SCAN-77', '19010203', sex, '40'])
  writeFileSync(join(files, 'readme.txt'), 'not a DICOM file')
  await doctor.goto(`${base}/app/imaging/unmatched`)
  await doctor.getByText('No unmatched studies').waitFor(WAIT)
  await doctor.evaluate(() => {
    window.progressSeen = []
    new MutationObserver(() => {
      const bar = document.querySelector('[role=progressbar]')
      if (bar) window.progressSeen.push(Number(bar.getAttribute('aria-valuenow')))
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true })
  })
  const line = await doctor.context().newCDPSession(doctor)
  await line.send('Network.enable')
  await line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 2_500_000 })
  await doctor.locator('input[type=file]').first().setInputFiles(readdirSync(files).map((name) => join(files, name)))
  await doctor.getByText('Done: 40 files received').waitFor(WAIT)
  await line.send('Network.disable')
  await line.detach()
  return doctor.evaluate(() => window.progressSeen)
}

/** "This is my patient", said beside both identities although the birth date and the number differ. */
async function take(doctor, base, caseId, findings) {
  await doctor.goto(`${base}/app/consult/${caseId}/images`)
  await doctor.getByRole('button', { name: 'Compare identities' }).click()
  const different = doctor.locator('tr.i-differs')
  await different.first().waitFor(WAIT)
  assert.deepEqual(await different.locator('th').allInnerTexts(), ['Number', 'Birth date'])
  assert.equal(await different.first().locator('td').first().evaluate((cell) => getComputedStyle(cell).color), 'rgb(198, 40, 40)', 'a difference is red')
  assert.match(await doctor.getByRole('alert').first().innerText(), /Identities differ: Number, Birth date/)
  const mine = doctor.getByRole('button', { name: 'This is my patient' })
  assert.ok(await mine.isDisabled(), 'nothing is attached before a person has said that it was compared')
  findings.push(...await inspect(doctor, 'compare'))
  await shot(doctor, 'compare')
  await doctor.getByRole('checkbox', { name: /It is the same person although/ }).check()
  await mine.click()
  await doctor.getByText(/Confirmed by Pan Yulan/).waitFor(WAIT)
}

async function choose(coordinator, name) {
  await coordinator.locator('[data-action=schedule]').click()
  const dialog = coordinator.getByRole('dialog')
  await dialog.getByLabel('Find an expert').fill(name)
  await dialog.getByRole('checkbox', { name }).check()
  await dialog.getByRole('button', { name: 'Choose experts' }).click()
  await closed(dialog)
}

/** On a phone, in Chinese: the difference is seen, a key image taken, the opinion written and signed. */
async function readAndSign(expert, findings) {
  await expert.locator('[data-action=accept]').click(WAIT)
  await expert.getByRole('dialog').getByRole('button', { name: '接受会诊' }).click()
  await expert.locator('[data-action=sign]').click(WAIT)
  await expert.locator('.iv[data-shown="0"]').waitFor({ timeout: 60_000 })
  await shot(expert, 'phone-images')
  const box = await expert.locator('.iv-toolbar').boundingBox()
  assert.ok(box.y + box.height <= PHONE.height - 48, 'the tools of the viewer lie above the navigation')
  findings.push(...await inspect(expert, 'phone images'))
  await expert.locator('.iv-slider input').fill('19')
  await expert.locator('.iv[data-shown="19"]').waitFor(WAIT)
  await expert.getByRole('button', { name: '更多工具' }).click()
  await expert.getByRole('button', { name: '关键图像' }).click()
  await expert.locator('.iv-said').waitFor(WAIT)
  await expert.getByRole('tab', { name: '申请' }).click()
  await expert.getByText('身份不一致').first().waitFor(WAIT)
  await shot(expert, 'phone-request')
  await expert.getByRole('tab', { name: '意见' }).click()
  await expert.getByLabel('所见与分析').fill('第 20 层可见高密度影。')
  await expert.getByLabel('现在做什么').fill('平卧，监测')
  await expert.getByLabel('何时、怎样转送').fill('今天转出')
  await expert.getByLabel('危险信号').fill('呕吐，嗜睡')
  await expert.getByLabel('联系谁').fill('中心 000-5550100')
  await expert.getByRole('radio', { name: /^今天/ }).check()
  const keyImage = expert.locator('.c-choice .a-item').first()
  await keyImage.locator('input').check(WAIT)
  assert.ok(await keyImage.locator('img').evaluate((image) => image.naturalWidth > 100), 'the key image is a picture')
  assert.ok(await expert.locator('.ws-seen input').first().isChecked(), 'what was on screen is listed as seen')
  await expert.locator('.s-main').evaluate((main) => main.scrollTo(0, 0)) // nothing half under the tabs
  findings.push(...await inspect(expert, 'phone opinion'))
  await shot(expert, 'phone-opinion')
  await expert.locator('[data-action=sign]').click()
  await expert.getByRole('dialog').getByRole('button', { name: '签署意见' }).click()
  await closed(expert.getByRole('dialog'))
}

test('a study from the browser, read, named, and taken away', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  const files = mkdtempSync(join(tmpdir(), 'qiao-study-'))
  t.after(async () => { await browser.close(); await server.stop(); rmSync(files, { recursive: true, force: true }) })
  const trouble = []
  const findings = []
  const doctor = await signIn(browser, server.base, 'pan.yulan', { size: DESK, trouble })
  const coordinator = await signIn(browser, server.base, 'su.wenting', { size: DESK, trouble })
  const caseId = (await read(coordinator, '/flow/worklists/desk')).rows[0].case
  await coordinator.goto(`${server.base}/app/consult/${caseId}`)
  await coordinator.locator('[data-action=schedule]').waitFor(WAIT)
  assert.equal(await coordinator.locator('[data-action=detach_study]').count(), 0, 'there is nothing to detach')
  const { patient } = await read(doctor, `/flow/cases/${caseId}`)

  await t.test('it arrives with progress and waits unmatched', async () => {
    const seen = await upload(doctor, server.base, patient, files)
    assert.ok(seen.some((percent) => percent > 0 && percent < 100), `the progress moved: ${[...new Set(seen)]}`)
    await doctor.getByText('1 file was refused').waitFor(WAIT)
    await doctor.getByText('SCAN-77').waitFor(WAIT)
    findings.push(...await inspect(doctor, 'unmatched'))
    await shot(doctor, 'unmatched')
  })

  await t.test('it is attached beside both identities, and the desk sees the difference', async () => {
    await take(doctor, server.base, caseId, findings)
    await coordinator.getByText('Identities differ: Number, Birth date').waitFor(WAIT)
    await choose(coordinator, 'Zhou Mingyuan')
    await shot(coordinator, 'desk')
  })

  const expert = await signIn(browser, server.base, 'zhou.mingyuan', { size: PHONE, locale: 'zh-CN', trouble })
  await t.test('the expert sees it too, and signs an opinion with a key image', async () => {
    await expert.goto(`${server.base}/app/consult/${caseId}`)
    await readAndSign(expert, findings)
    await doctor.goto(`${server.base}/app/consult/${caseId}`)
    await doctor.getByText('平卧，监测').waitFor(WAIT)
    const { opinion } = await read(doctor, `/flow/cases/${caseId}`)
    assert.equal(opinion.key_images.length, 1)
    const pdf = join(files, 'opinion.pdf')
    writeFileSync(pdf, Buffer.from(await doctor.evaluate(async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())], opinion.pdf)))
    const images = execFileSync('pdfimages', ['-list', pdf], { encoding: 'utf8' }).split('\n').filter((line) => / image /.test(line))
    assert.ok(images.some((line) => Number(line.split(/\s+/)[4]) > 300), `the key image is in the document:\n${images.join('\n')}`)
    assert.match(execFileSync('pdftotext', [pdf, '-'], { encoding: 'utf8' }), /平卧，监测/)
    await shot(doctor, 'opinion')
    if (shots) execFileSync('pdftoppm', ['-png', '-r', '60', pdf, join(shots, 'pdf')])
  })

  await t.test('it is detached: the opinion is flagged and its signer told, without a reload', async () => {
    await expert.goto(`${server.base}/app/today`)
    await expert.locator('h1').first().waitFor(WAIT)
    await doctor.goto(`${server.base}/app/consult/${caseId}/images`)
    await doctor.getByRole('button', { name: 'Detach' }).click()
    const dialog = doctor.getByRole('dialog')
    await dialog.getByLabel('Reason').fill('Another patient with the same name')
    findings.push(...await inspect(doctor, 'detach'))
    await dialog.getByRole('button', { name: 'Detach' }).click()
    await closed(dialog)
    await expert.locator('.s-toast', { hasText: '您签署的意见所依据的影像已被移出' }).waitFor(WAIT)
    await shot(expert, 'told')
    await doctor.goto(`${server.base}/app/consult/${caseId}`)
    await doctor.getByText('Images that this opinion names were detached later').waitFor(WAIT)
    await shot(doctor, 'flagged')
    await expert.goto(`${server.base}/app/consult/${caseId}`)
    await expert.locator('[role=alert]').first().waitFor(WAIT)
    assert.ok((await read(expert, `/flow/cases/${caseId}`)).opinion.flagged)
  })
  assert.deepEqual(trouble, [])
  assert.deepEqual(findings, [])
})
