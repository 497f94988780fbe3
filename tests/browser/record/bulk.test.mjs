// The page of bulk data in Chromium on the real program: empty, an import with refused lines whose outcomes are kept as a file, an import
// that is cancelled, an export with parameters whose files are kept, jobs that are removed. With SHOTS=<folder> each state is kept as a
// picture.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { launch, signIn, WAIT } from '../story/people.mjs'
import { look } from './look.mjs'

/** What the browser writes to its console when the server refuses; the page shows it in words. */
const unexpected = (trouble) => trouble.filter((line) => !/status of 400 .*export/.test(line))

const basic = (id) => JSON.stringify({ resourceType: 'Basic', id, code: { text: 'bulk' } }) + '\n'

async function kept(page, button) {
  const [download] = await Promise.all([page.waitForEvent('download'), button.click()])
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') }
}

test('bulk data goes in and out', { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-test-'))
  const some = join(folder, 'some.ndjson'), much = join(folder, 'much.ndjson')
  writeFileSync(some, basic('one') + 'not json\n' + basic('two'))
  writeFileSync(much, Array.from({ length: 60_000 }, (_, at) => basic(`m${at}`)).join(''))
  const server = await startServer('demo')
  const browser = await launch()
  const trouble = [], findings = []
  try {
    const page = await signIn(browser, server.base, 'hu.jianguo', { trouble })
    await page.goto(server.base + '/app/record/bulk')
    await page.getByText('Your role sees nothing of the record').waitFor(WAIT)
    const client = Object.fromEntries(server.command('client', 'add', '--name', 'test', '--role', 'integration').split('\n').map((text) => text.split('=')))
    await page.getByLabel('Client id').fill(client.client_id)
    await page.getByLabel('Client secret').fill(client.client_secret)
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByText('No jobs').waitFor(WAIT)
    await look(page, 'bulk-empty', findings)

    await page.locator('input[type="file"]').setInputFiles(some)
    await page.getByText('some.ndjson').waitFor(WAIT)
    await look(page, 'bulk-chosen', findings)
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    const first = page.locator('section[data-kind="import"][data-state="complete"]')
    await first.waitFor(WAIT)
    assert.equal(await first.locator('[data-written]').getAttribute('data-written'), '2')
    assert.equal(await first.locator('[data-failed]').getAttribute('data-failed'), '1')
    const outcomes = await kept(page, first.getByRole('button', { name: 'Keep as a file: outcome.ndjson' }))
    assert.equal(outcomes.name, 'outcome.ndjson')
    assert.equal(JSON.parse(outcomes.text).extension[0].valuePositiveInt, 2)

    await page.locator('input[type="file"]').setInputFiles(much)
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    const second = page.locator('section[data-kind="import"][data-state="running"]')
    await second.waitFor(WAIT)
    await look(page, 'bulk-running', findings)
    await second.getByRole('button', { name: 'Cancel the job' }).click()
    await page.locator('section[data-kind="import"][data-state="cancelled"]').waitFor(WAIT)

    await page.getByText('Narrow it down').click()
    const form = page.locator('form').filter({ hasText: 'Order the export' })
    await form.getByLabel('Resource types').fill('Nothing')
    await form.getByRole('button', { name: 'Order the export' }).click()
    await form.locator('[data-error="record.bad_value"]').waitFor(WAIT)
    await form.getByLabel('Resource types').fill('Basic, Organization')
    await form.getByLabel('Searches, one a line').fill('Basic?_id=one\nBasic?_id=two')
    await look(page, 'bulk-form', findings)
    await form.getByRole('button', { name: 'Order the export' }).click()
    const exported = page.locator('section[data-kind="export"][data-state="complete"]')
    await exported.waitFor(WAIT)
    const file = await kept(page, exported.getByRole('button', { name: 'Keep as a file: Basic.1.ndjson' }))
    assert.deepEqual(file.text.trim().split('\n').map((line) => JSON.parse(line).id).sort(), ['one', 'two'])
    await look(page, 'bulk-done', findings)

    await page.getByRole('button', { name: '中文' }).click()
    await page.getByRole('heading', { name: '批量数据', exact: true }).waitFor(WAIT)
    await look(page, 'bulk-zh', findings)
    for (let left = 3; left > 0; left--) {
      await page.locator(`ul[data-jobs="${left}"]`).waitFor(WAIT)
      await page.getByRole('button', { name: '删除', exact: true }).first().click()
    }
    await page.getByText('没有任务').waitFor(WAIT)
    assert.deepEqual(findings, [])
    assert.deepEqual(unexpected(trouble), [])
  } finally {
    await browser.close()
    await server.stop()
  }
})
