// An empty installation becomes a centre: the first administrator follows the page "Setting up the centre", people and contract are
// made in the browser, the first consultation passes, a backup is made and restored for a test; only then the page says ready.
// SETUP_SHOTS=folder keeps pictures.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Person, Tally } from '../../load/person.mjs'
import { opinionForm, requestForm } from '../../load/roles.mjs'
import { binary, startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, PHONE, WAIT } from '../story/people.mjs'

const PASSWORD = 'seven lanterns by the pier'
const shots = process.env.SETUP_SHOTS
const field = (page, label) => page.getByLabel(new RegExp(`^${label}( ?\\*)?$`))

async function open(browser, base, path, trouble) {
  const context = await browser.newContext({ viewport: DESK, locale: 'en', reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('console', (message) => { if (message.type() === 'error') trouble.push(`${message.text()} ${message.location().url}`) })
  page.on('pageerror', (error) => trouble.push(String(error.stack)))
  await page.goto(base + path)
  return page
}

async function signIn(page, login) {
  await field(page, 'Login name').fill(login)
  await field(page, 'Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign in', exact: true }).last().click()
  await page.waitForSelector('.s-shell', WAIT)
}

/** What the page says of each step, read from the page itself. */
async function standing(page, base) {
  await page.goto(`${base}/app/operations/setup`)
  await page.locator('[data-step]').first().waitFor(WAIT)
  return Object.fromEntries(await page.locator('[data-step]').evaluateAll((all) => all.map((one) => [one.dataset.step, one.dataset.done === 'true'])))
}

const submit = async (page) => {
  await page.getByRole('dialog').locator('button[type=submit]').click()
  await page.getByRole('dialog').waitFor({ state: 'detached', ...WAIT })
}

async function addInstitution(page, name) {
  await page.getByRole('button', { name: 'Add an institution' }).click()
  await field(page.getByRole('dialog'), 'Name').fill(name)
  await submit(page)
}

async function addPerson(page, { login, name, at, role, specialty }) {
  await page.getByRole('button', { name: 'Add a person' }).click()
  const dialog = page.getByRole('dialog')
  await field(dialog, 'Name').fill(name)
  await field(dialog, 'Login name').fill(login)
  await field(dialog, 'First password').fill(PASSWORD)
  await field(dialog, 'Institution').selectOption({ label: at })
  await field(dialog, 'Role').selectOption(role)
  if (specialty) await field(dialog, 'Specialty').selectOption(specialty)
  if (role.endsWith('_admin')) {  // who gives such a role proves it first
    await dialog.locator('button[type=submit]').click()
    await page.locator('dialog input[autocomplete=current-password]').fill(PASSWORD)
    await dialog.locator('button[type=submit]').click()
    await dialog.getByText('takes two persons').waitFor(WAIT)
  }
  await submit(page)
}

async function firstConsultation(base, hub) {
  const tally = new Tally()
  const as = async (login) => { const person = new Person(base, tally, { login, password: PASSWORD }); await person.signIn(); return person }
  const [doctor, coordinator, expert] = await Promise.all(['doctor', 'coordinator', 'expert'].map(as))
  const move = async (person, id, action, fields, options) => person.move(id, (await person.open(id)).version, action, fields, options)
  const id = await doctor.create(await doctor.register('试验', 1))
  await move(doctor, id, 'submit', { ...requestForm(await doctor.draw(id)), receiver: hub, specialty: 'neurosurgery' }, { signs: true })
  const { json } = await coordinator.call('experts', 'GET', `/flow/cases/${id}/experts`)
  const lead = json.experts[0].reference
  await move(coordinator, id, 'schedule', { experts: [lead], lead, mode: 'written' })
  await move(expert, id, 'accept', {})
  await move(expert, id, 'sign', opinionForm(), { signs: true })
  for (const person of [doctor, coordinator, expert]) await person.signOut()
}

test('an empty installation becomes a centre', async (t) => {
  const place = mkdtempSync(join(tmpdir(), 'qiao-setup-'))
  const config = join(place, 'qiao.toml')
  writeFileSync(config, `second_factor = "offered"\nbackup_to = "${place}/backup"\n`)
  const server = await startServer('serve', ['--config', config])
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop(); rmSync(place, { recursive: true, force: true }) })
  const trouble = []
  const findings = []
  const [, token] = await server.said(/first-run#(\S+)/)
  const admin = await open(browser, server.base, `/app/first-run#${token}`, trouble)
  await field(admin, 'Name of the institution').fill('中心医院')
  await field(admin, 'Name').fill('管理员')
  await field(admin, 'Login name').fill('admin')
  await field(admin, 'Password').fill(PASSWORD)
  await field(admin, 'Password again').fill(PASSWORD)
  await admin.getByRole('button', { name: 'Create administrator' }).click()
  await admin.waitForSelector('.s-shell', WAIT)
  await admin.getByRole('link', { name: /Setting up the centre/ }).first().click()
  await admin.locator('[data-step]').first().waitFor(WAIT)
  const empty = await standing(admin, server.base)
  assert.deepEqual(Object.values(empty).filter(Boolean), [], 'nothing is done yet')
  for (const [name, size] of Object.entries({ desk: DESK, phone: PHONE })) {
    await admin.setViewportSize(size)
    findings.push(...await inspect(admin, `empty ${name}`))
    if (shots) await admin.screenshot({ path: join(shots, `setup-empty-${name}.png`), fullPage: true })
  }
  await admin.setViewportSize(DESK)

  await admin.locator('[data-step=administrators]').getByRole('link', { name: 'Do it now' }).click()
  await addInstitution(admin, '渔村卫生室')
  const hub = '中心医院'
  for (const [login, role, specialty] of [['auditor', 'audit_admin'], ['manager', 'centre_manager'], ['coordinator', 'coordinator'], ['expert', 'expert', 'neurosurgery']]) {
    await addPerson(admin, { login, name: login, at: hub, role, specialty })
  }
  await addPerson(admin, { login: 'doctor', name: 'doctor', at: '渔村卫生室', role: 'doctor' })
  const staffed = await standing(admin, server.base)
  assert.deepEqual([staffed.administrators, staffed.giving_side, staffed.asking_side, staffed.contract], [true, true, true, false])

  const manager = await open(browser, server.base, '/app/today', trouble)
  await signIn(manager, 'manager')
  await standing(manager, server.base)
  await manager.locator('[data-step=contract]').getByRole('link', { name: 'Do it now' }).click()
  await manager.getByRole('button', { name: 'Add a consultation contract' }).click()
  const dialog = manager.getByRole('dialog')
  await field(dialog, 'Requesting institution').selectOption({ label: '渔村卫生室' })
  await submit(manager)
  const reference = await manager.evaluate(async () => (await (await fetch('/access/contracts')).json()).contracts[0].to.resource)
  await firstConsultation(server.base, reference)

  const opened = await standing(admin, server.base)
  assert.deepEqual([opened.contract, opened.first_opinion, opened.backup, opened.restore], [true, true, false, false])
  const key = join(place, 'recovery-key.txt')
  writeFileSync(key, server.command('backup-key', 'new'))
  server.command('backup', '--to', `${place}/backup`)
  const saved = await standing(admin, server.base)
  assert.deepEqual([saved.backup, saved.restore], [true, false], 'a backup that nobody has read back does not end it')
  assert.equal(await admin.getByText('The centre is ready').count(), 0)
  execFileSync(binary, ['verify-backup', '--from', `${place}/backup`, '--key', key])
  await assert.doesNotReject(async () => {
    for (let tries = 0; !(await standing(admin, server.base)).restore; tries++) {
      assert.ok(tries < 60, 'the report of the drill is found')
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  })
  await admin.getByText('The centre is ready').waitFor(WAIT)
  for (const [name, size] of Object.entries({ desk: DESK, phone: PHONE })) {
    await admin.setViewportSize(size)
    findings.push(...await inspect(admin, `ready ${name}`))
    if (shots) await admin.screenshot({ path: join(shots, `setup-ready-${name}.png`), fullPage: true })
  }
  assert.deepEqual(trouble, [])
  assert.deepEqual(findings, [])
})
