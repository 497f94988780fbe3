// The page of subscriptions in Chromium on the real program: empty, made with a check of the criteria, tested against a listener that
// is not there and then is, backlog and failure shown live, paused and resumed by the operator, removed by its owner. With
// SHOTS=<folder> each state is kept as a picture.
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { launch, signIn, WAIT } from '../story/people.mjs'
import { look } from './look.mjs'

/** What the browser writes to its console when the server refuses; the page shows it in words. */
const unexpected = (trouble) => trouble.filter((line) => !/status of 422 .*\/fhir/.test(line))

test('a subscription is made, seen failing, delivered, paused and removed', { timeout: 300_000 }, async () => {
  const heard = []
  let status = 500
  const listener = createServer((request, response) => { heard.push(request.url); request.resume(); response.writeHead(status).end() })
  await new Promise((done) => listener.listen(0, '127.0.0.1', done))
  const port = listener.address().port
  const config = join(mkdtempSync(join(tmpdir(), 'qiao-test-')), 'qiao.toml')
  writeFileSync(config, `[subscriptions]\nhosts = ["127.0.0.1:${port}"]\nprivate_addresses = true\nplain_http = true\n`)
  const server = await startServer('demo', ['--config', config])
  const browser = await launch()
  const trouble = [], findings = []
  try {
    const page = await signIn(browser, server.base, 'hu.jianguo', { trouble })
    await page.goto(server.base + '/app/record/subscriptions')
    await page.getByText('Nobody is subscribed').waitFor(WAIT)
    await look(page, 'subscriptions-empty', findings)

    const client = Object.fromEntries(server.command('client', 'add', '--name', 'test', '--role', 'integration').split('\n').map((text) => text.split('=')))
    await page.getByRole('button', { name: 'Work as a program' }).click()
    await page.getByLabel('Client id').fill(client.client_id)
    await page.getByLabel('Client secret').fill(client.client_secret)
    await page.getByRole('button', { name: 'Begin' }).click()
    await page.getByRole('button', { name: 'New subscription' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('textbox', { name: 'Criteria' }).fill('Observation?subject:Patient.name=x')
    await dialog.getByRole('button', { name: 'Check' }).click()
    await dialog.locator('[data-error="record.bad_criteria"]').waitFor(WAIT)
    await dialog.getByRole('textbox', { name: 'Criteria' }).fill('Basic?code=urn:test|bell')
    await dialog.getByRole('button', { name: 'Check' }).click()
    await dialog.getByText('These criteria can be matched.').waitFor(WAIT)
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('Test')
    await dialog.getByRole('textbox', { name: 'Endpoint' }).fill(`http://127.0.0.1:${port}/hook`)
    await dialog.getByRole('textbox', { name: 'Header (optional)' }).fill('Authorization: Bearer never-shown')
    await look(page, 'subscriptions-form', findings)
    await dialog.getByRole('button', { name: 'Subscribe' }).click()
    const card = page.locator('section[data-id]')
    await card.and(page.locator('[data-status="requested"]')).waitFor(WAIT)
    await card.getByText('The endpoint answers 500').waitFor(WAIT)
    const id = await card.getAttribute('data-id')
    const token = await page.evaluate(async ({ client_id, client_secret }) => (await (await fetch('/oauth/token', { method: 'POST', body: new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret }) })).json()).access_token, client)
    for (let i = 0; i < 3; i++) {
      const made = await fetch(server.base + '/fhir/Basic', { method: 'POST', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/fhir+json' }, body: JSON.stringify({ resourceType: 'Basic', code: { coding: [{ system: 'urn:test', code: 'bell' }] } }) })
      assert.equal(made.status, 201)
    }
    await page.locator('section[data-backlog="3"]').waitFor(WAIT)
    await look(page, 'subscriptions-failing', findings)
    status = 200
    await page.locator('section[data-status="active"][data-backlog="0"]').waitFor({ timeout: 60_000 })
    assert.equal(heard.filter((url) => url === '/hook').length >= 4, true, 'handshake and three events')
    await card.getByRole('button', { name: 'Send a test' }).click()
    await card.locator('[data-tested="true"]').waitFor(WAIT)
    assert.equal((await page.content()).includes('never-shown'), false)
    await look(page, 'subscriptions-active', findings)

    await page.getByRole('button', { name: 'Stop' }).click()
    await page.locator(`section[data-id="${id}"]`).getByRole('button', { name: 'Pause' }).click()
    await page.locator('section[data-status="off"]').waitFor(WAIT)
    await page.getByRole('button', { name: 'Resume' }).click()
    await page.locator('section[data-status="active"]').waitFor(WAIT)
    assert.equal(await page.getByRole('button', { name: 'Remove' }).count(), 0, 'only its owner removes it')
    assert.equal(await page.locator('section[data-id] h2').innerText(), 'Basic?code=…', 'whom it is about is not for the operator')
    assert.equal(await page.locator('section[data-id] h2 a').count(), 0)
    await page.getByRole('button', { name: '中文' }).click()
    await page.getByRole('heading', { name: '订阅', exact: true }).waitFor(WAIT)
    await look(page, 'subscriptions-zh', findings)
    assert.deepEqual(findings, [])
    assert.deepEqual(unexpected(trouble), [])
  } finally {
    await browser.close()
    await server.stop()
    listener.close()
  }
})
