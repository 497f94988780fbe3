// The record browser in Chromium on the real program: a doctor puts a search together, walks its results and opens a resource by
// keyboard; a system administrator sees nothing until the page works as a client, imports files with faults in them, and compares
// two versions. With SHOTS=<folder> each page is kept as a picture.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, launch, PHONE, read, signIn, WAIT } from '../story/people.mjs'
import { look as lookAt } from './look.mjs'

const SIZES = [PHONE, { width: 768, height: 1024 }, { width: 1920, height: 1080 }, DESK]
const look = (page, name, findings) => lookAt(page, name, findings, SIZES)

/** What the browser writes to its console when the server refuses; the pages show it in words. */
const unexpected = (trouble) => trouble.filter((line) => !/status of 4(00|22) .*\/fhir/.test(line))

const address = (page) => page.locator('input.rec-mono')
const ask = async (page, text) => { await address(page).fill(text); await address(page).press('Enter') }

test('a search is put together, typed and walked; a resource is read in all its views', { timeout: 300_000 }, async () => {
  const server = await startServer('demo')
  const browser = await launch()
  const trouble = [], findings = []
  try {
    const doctor = await signIn(browser, server.base, 'lin.haiyan', { trouble })
    const urls = []
    doctor.on('request', (request) => urls.push(request.url()))
    await doctor.goto(server.base + '/app/record')
    await doctor.getByLabel('Resource type').selectOption('Observation')
    await doctor.getByRole('button', { name: 'Add a condition' }).click()
    const first = doctor.getByRole('group', { name: 'Condition 1' })
    await first.getByLabel('Parameter').selectOption('code')
    await first.getByLabel('Value', { exact: true }).fill('http://loinc.org|8867-4')
    await first.getByRole('button', { name: 'Or another value' }).click()
    await first.getByLabel('Value', { exact: true }).nth(1).fill('http://loinc.org|85354-9')
    await doctor.getByRole('button', { name: 'Add a condition' }).click()
    const second = doctor.getByRole('group', { name: 'Condition 2' })
    await second.getByLabel('Parameter').selectOption('date')
    await second.getByLabel('Comparison').selectOption('ge')
    await second.getByLabel('Value', { exact: true }).fill('2026-01-01')
    await doctor.getByLabel('Sort by').selectOption('date')
    await doctor.getByLabel('Direction').selectOption('-')
    await doctor.getByLabel('Per page').selectOption('10')
    assert.equal(await address(doctor).inputValue(), 'Observation?code=http://loinc.org|8867-4,http://loinc.org|85354-9&date=ge2026-01-01&_sort=-date&_count=10')
    await doctor.getByRole('button', { name: 'Search', exact: true }).click()
    await doctor.waitForSelector('table[data-rows="10"]', WAIT)
    await doctor.getByRole('button', { name: 'Count all' }).click()
    const total = Number(await doctor.locator('[data-total]').getAttribute('data-total', WAIT))
    const query = 'code=http://loinc.org|8867-4,http://loinc.org|85354-9&date=ge2026-01-01'
    assert.equal(total, (await read(doctor, `/fhir/Observation?${query}&_summary=count`)).total, 'the count is the server\'s')
    assert.ok(total > 10)
    await look(doctor, 'record-results', findings)
    await doctor.getByRole('button', { name: 'Next page' }).click()
    await doctor.getByText(/^11 to \d+/).waitFor(WAIT)
    await doctor.getByRole('button', { name: 'Previous page' }).click()
    await doctor.getByText(/^1 to 10/).waitFor(WAIT)

    // What is typed becomes conditions again; what the server refuses is said with its code.
    await ask(doctor, 'Patient?name:exact=someone-special&_count=20')
    await doctor.getByText('Nothing found').waitFor(WAIT)
    assert.equal(await doctor.getByRole('group', { name: 'Condition 1' }).getByLabel('Modifier').inputValue(), 'exact')
    await look(doctor, 'record-none', findings)
    await ask(doctor, 'Patient?shoe-size=42')
    await doctor.locator('[data-error="record.unknown_parameter"]').getByText('"shoe-size" is no search parameter of Patient').waitFor(WAIT)
    assert.match(await doctor.locator('[data-error]').innerText(), /The type has no such search parameter[^]*record\.unknown_parameter · 400/)
    await ask(doctor, 'no type')
    await doctor.getByText('No search of a type that this server has').waitFor(WAIT)

    // The keyboard walks the rows and opens one; the way back leads to the search.
    await ask(doctor, 'Observation?_sort=-date&_count=10')
    await doctor.waitForSelector('table[data-rows="10"]', WAIT)
    await doctor.locator('#main').focus()
    await doctor.keyboard.press('j')
    await doctor.keyboard.press('j')
    await doctor.waitForSelector('tr[data-current="true"]:nth-child(2)', WAIT)
    await doctor.keyboard.press('Enter')
    await doctor.waitForSelector('.rec-tree', WAIT)
    const reference = /Observation\/[\w-]+/.exec(doctor.url())[0]
    const observation = await read(doctor, `/fhir/${reference}`)
    await look(doctor, 'record-form', findings)
    await doctor.getByRole('tab', { name: 'JSON' }).click()
    assert.deepEqual(JSON.parse(await doctor.locator('.rec-json').innerText()), observation)
    const [file] = await Promise.all([doctor.waitForEvent('download', WAIT), doctor.getByRole('button', { name: 'Keep as a file' }).click()])
    assert.deepEqual(JSON.parse(readFileSync(await file.path(), 'utf8')), observation)
    await doctor.getByRole('tab', { name: 'Referred to by' }).click()
    await doctor.getByRole('button', { name: 'Find', exact: true }).click()
    await doctor.locator('[role=tabpanel] .q-card').waitFor(WAIT)
    await doctor.getByRole('tab', { name: 'Form' }).click()
    await doctor.getByRole('link', { name: observation.subject.reference }).click()
    await doctor.waitForURL(`**/app/record/${observation.subject.reference}`, WAIT)
    await doctor.getByRole('tab', { name: 'Referred to by' }).click()
    await doctor.getByRole('button', { name: 'Find', exact: true }).click()
    await doctor.locator('[data-referrers]').getByRole('heading', { name: /^Observation/ }).waitFor(WAIT)
    await look(doctor, 'record-referrers', findings)
    await doctor.getByRole('link', { name: 'Search', exact: true }).click()
    await doctor.waitForSelector('table[data-rows="10"]', WAIT)
    assert.equal(await address(doctor).inputValue(), 'Observation?_sort=-date&_count=10')
    assert.equal(await doctor.getByRole('link', { name: 'Bulk data' }).count(), 0, 'no page of a doctor')
    assert.deepEqual(urls.filter((url) => url.includes('someone-special')), [], 'no word of a search in an address')
    assert.doesNotMatch(doctor.url(), /_sort/)

    const officer = await signIn(browser, server.base, 'yu.shaoqin', { trouble })
    await officer.goto(server.base + '/app/record')
    await officer.getByText('You may not do this').waitFor(WAIT)
    assert.equal(await officer.locator('.rec-top').count(), 0)
    assert.deepEqual(findings, [])
    assert.deepEqual(unexpected(trouble), [])
  } finally {
    await browser.close()
    await server.stop()
  }
})

test('an administrator works as a client, imports, compares two versions and asks for a check', { timeout: 300_000 }, async () => {
  const server = await startServer('demo')
  const browser = await launch()
  const trouble = [], findings = []
  try {
    const client = Object.fromEntries(server.command('client', 'add', '--name', 'developer', '--role', 'integration').split('\n').map((line) => line.split('=')))
    const admin = await signIn(browser, server.base, 'hu.jianguo', { trouble, locale: 'zh-CN' })
    await admin.getByRole('button', { name: '胡建国' }).click()
    await admin.locator('.d-panel').getByRole('link', { name: '记录浏览器' }).click()
    await admin.getByText('您的角色看不到记录内容').waitFor(WAIT)
    assert.equal(await admin.locator('.rec-top').count(), 0, 'nothing to search before there is a right')
    await look(admin, 'record-closed-zh', findings)
    await admin.getByLabel('客户端标识').fill(client.client_id)
    await admin.getByLabel('客户端密钥').fill(client.client_secret)
    await admin.getByRole('button', { name: '开始' }).click()
    await admin.locator(`[data-acting="${client.client_id}"]`).waitFor(WAIT)

    await admin.getByRole('link', { name: '批量数据' }).click()
    const weight = (id, value, more = '') => `{"resourceType":"Observation","id":"${id}","status":"final","code":{"text":"simulated weight"},"valueQuantity":{"value":${value},"unit":"kg"}${more}}`
    const lines = [...Array(130).keys()].map((at) => at === 40 ? '{"resourceType":"Observation","status":"final","shoe":1,"code":{"text":"x"}}' : at === 41 ? 'no json' : weight(`simulated-${at}`, '7.10'))
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [
      { fullUrl: 'urn:uuid:5f0c1c0e-6a0f-4a53-9d0b-1f6f7c1b2a11', resource: { resourceType: 'Patient', name: [{ text: '模拟甲' }] }, request: { method: 'POST', url: 'Patient' } },
      { resource: { resourceType: 'Observation', status: 'final', code: { text: 'simulated' }, subject: { reference: 'urn:uuid:5f0c1c0e-6a0f-4a53-9d0b-1f6f7c1b2a11' } }, request: { method: 'POST', url: 'Observation' } },
    ] }
    /** @return the job's numbers, when it is at its end */
    const store = async (name, text) => {
      const jobs = admin.locator('section[data-kind="import"][data-state="complete"]')
      const before = await jobs.count()
      await admin.locator('input[type=file]').setInputFiles([{ name, mimeType: 'application/json', buffer: Buffer.from(text) }])
      await admin.getByRole('button', { name: '导入', exact: true }).click()
      await jobs.nth(before).waitFor(WAIT)
      return jobs.first().locator('[data-written]').evaluate(({ dataset }) => [dataset.written, dataset.failed])
    }
    assert.deepEqual(await store('bundle.json', JSON.stringify(bundle)), ['2', '0'])
    assert.deepEqual(await store('weights.ndjson', lines.join('\n')), ['128', '2'])
    const [list] = await Promise.all([admin.waitForEvent('download', WAIT), admin.getByRole('button', { name: '保存为文件：outcome.ndjson' }).click()])
    const refused = readFileSync(await list.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line))
    assert.deepEqual(refused.map((one) => one.extension[0].valuePositiveInt), [41, 42])
    assert.match(JSON.stringify(refused[0].issue), /shoe/)
    await look(admin, 'record-import-zh', findings)

    // It is there, with its digits; a second file makes a second version.
    assert.deepEqual(await store('again.ndjson', weight('simulated-1', '7.2', ',"note":[{"text":"weighed again"}]')), ['1', '0'])
    await admin.getByRole('link', { name: '检索', exact: true }).click()
    await ask(admin, 'Observation?_id=simulated-1')
    await admin.locator('table[data-rows="1"] tbody a').click()
    await admin.getByRole('tab', { name: '历史' }).click()
    await admin.locator('table[data-versions="2"]').waitFor(WAIT)
    assert.deepEqual(await admin.locator('tr[data-path]').evaluateAll((rows) => rows.map((row) => [row.dataset.path, row.cells[1].innerText.trim(), row.cells[2].innerText.trim().replace(/\s+/g, ' ')])), [
      ['valueQuantity.value', '7.10', '7.2'],
      ['note', '–', '[ { "text": "weighed again" } ]'],
    ])
    await look(admin, 'record-diff-zh', findings)

    // Served or not: the page says which.
    await admin.getByRole('tab', { name: '表单' }).click()
    await admin.getByRole('button', { name: '校验' }).click()
    const served = (await read(admin, '/fhir/metadata')).rest[0]
    const operations = [...(served.operation ?? []), ...(served.resource.find((one) => one.type === 'Observation').operation ?? [])]
    const said = await admin.locator('[data-validated]').getAttribute('data-validated', WAIT)
    const checks = operations.some((one) => one.name === 'validate')
    assert.equal(said, checks ? '0' : 'unserved')
    await look(admin, 'record-validate-zh', findings)
    if (checks) {
      // A contact without name, address or organisation breaks pat-1 of FHIR R4: said at its element, and one press leads there.
      await admin.getByRole('link', { name: '批量数据' }).click()
      assert.deepEqual(await store('patient.ndjson', '{"resourceType":"Patient","id":"simulated-p","active":true,"contact":[{"gender":"female"}]}'), ['1', '0'])
      await admin.goto(server.base + '/app/record?type=Patient')
      await admin.getByLabel('客户端标识').fill(client.client_id)
      await admin.getByLabel('客户端密钥').fill(client.client_secret)
      await admin.getByRole('button', { name: '开始' }).click()
      await ask(admin, 'Patient?_id=simulated-p')
      await admin.locator('table[data-rows="1"] tbody a').click()
      await admin.getByRole('button', { name: '校验' }).click()
      await admin.locator('[data-validated="1"]').getByRole('button', { name: /^Patient\.contact/ }).click()
      await admin.locator('.rec-tree [data-focus]', { hasText: 'contact[0]' }).locator('.rec-issue-error').waitFor(WAIT)
      await look(admin, 'record-invalid-zh', findings)
    }

    // The right ends with the client's token, and with the session.
    await admin.getByRole('button', { name: '停止' }).click()
    await admin.getByText('您的角色看不到记录内容').waitFor(WAIT)
    assert.equal(await admin.locator('.rec-tree').count(), 0)
    assert.deepEqual(findings, [])
    assert.deepEqual(unexpected(trouble), [])
  } finally {
    await browser.close()
    await server.stop()
  }
})
