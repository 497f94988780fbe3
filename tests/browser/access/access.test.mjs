// How people prove who they are, on the pages of the real program: the first administrator of a CN installation must add a
// second factor; a security key (Chromium's virtual authenticator); a phone's own key with a PIN; sessions ended from afar; a
// reset by two persons. With SHOTS=<folder> each page is kept as a picture.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, PHONE } from '../story/people.mjs'

const WAIT = { timeout: 20_000 }
const PASSWORD = 'quiet-harbour-1964-lamp'
const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })

/** RFC 6238, as an authenticator program computes it. */
function totp(base32, at = Date.now()) {
  const bits = [...base32.replace(/\s/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)))
  const mac = createHmac('sha1', key).update(counter).digest()
  const offset = mac[19] & 15
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** By the whole label, with or without the mark of a field that is needed. */
const field = (page, label) => page.getByLabel(new RegExp(`^${label}( ?\\*)?$`))

async function open(browser, base, trouble, { size = DESK, locale = 'en', path = '/' } = {}) {
  const phone = size === PHONE
  const context = await browser.newContext({ viewport: size, locale, hasTouch: phone, isMobile: phone, reducedMotion: 'reduce' })
  const page = await context.newPage()
  // A refused proof is an answer here; what the browser writes about its status is none of the page's errors.
  page.on('console', (message) => { if (message.type() === 'error' && !/status of (401|403)/.test(message.text())) trouble.push(`${message.text()} ${message.location().url}`) })
  page.on('pageerror', (error) => trouble.push(String(error.stack)))
  await page.goto(base + path)
  return page
}

async function look(page, name, findings) {
  findings.push(...await inspect(page, name))
  if (shots) await page.screenshot({ path: `${shots}/${name}.png`, fullPage: true })
}

/** A page at both sizes and in both languages; `prepare` brings a dialog back after the language changed. */
async function lookAll(page, name, findings) {
  for (const [tag, size] of [['desk', DESK], ['phone', PHONE]]) {
    await page.setViewportSize(size)
    await look(page, `${name}-${tag}`, findings)
  }
  await page.setViewportSize(DESK)
}

async function virtualKey(page) {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  })
  return { verified: (isUserVerified) => session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }) }
}

async function signInByPassword(page, login, password = PASSWORD) {
  await field(page, 'Login name').fill(login)
  await field(page, 'Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).last().click()
}

async function signOut(page) {
  await page.getByRole('button', { name: /^Account of|menu/i }).first().click().catch(() => undefined)
  await page.evaluate(() => fetch('/access/session', { method: 'DELETE' }))
  await page.goto(new URL('/', page.url()).href)
  await field(page, 'Login name').waitFor(WAIT)
}

test('access', async (t) => {
  const server = await startServer()
  const browser = await launch()
  const trouble = []
  const findings = []
  const [, token] = await server.said(/first-run#(\S+)/)
  const admin = await open(browser, server.base, trouble, { path: `/app/first-run#${token}` })
  let codes = []
  let secret = ''

  await t.test('the first administrator has to add a second factor and gets recovery codes', async () => {
    await field(admin, 'Name of the institution').fill('中心医院')
    await field(admin, 'Name').fill('管理员')
    await field(admin, 'Login name').fill('admin')
    await field(admin, 'Password').fill(PASSWORD)
    await field(admin, 'Password again').fill(PASSWORD)
    await admin.getByRole('button', { name: 'Create administrator' }).click()
    await admin.getByRole('heading', { name: 'Add a second factor first' }).waitFor(WAIT)
    assert.equal(await admin.evaluate(() => fetch('/access/directory').then((answer) => answer.status)), 403)
    await lookAll(admin, 'must', findings)
    await admin.getByRole('button', { name: 'Authenticator app' }).click()
    await admin.getByRole('button', { name: 'Show the QR code' }).click()
    await admin.getByRole('img', { name: 'QR code for the authenticator app' }).waitFor(WAIT)
    await lookAll(admin, 'totp', findings)
    secret = await admin.locator('.acc-secret').innerText()
    await field(admin, 'Six-digit code').fill(totp(secret))
    await admin.getByRole('button', { name: 'Confirm' }).click()
    await admin.locator('.acc-codes li').first().waitFor(WAIT)
    codes = await admin.locator('.acc-codes li').allInnerTexts()
    assert.equal(codes.length, 10)
    await lookAll(admin, 'codes', findings)
    await admin.getByRole('button', { name: 'I have put them away' }).click()
    await admin.waitForSelector('.s-shell', WAIT)
  })

  const key = await virtualKey(admin)
  const api = (method, path, body) => admin.evaluate(([verb, address, json]) => fetch(address, { method: verb, headers: { 'Content-Type': 'application/json' }, ...(json ? { body: JSON.stringify(json) } : {}) }).then(async (answer) => ({ status: answer.status, body: await answer.text() })), [method, path, body])

  await t.test('a security key is added, signs in and steps up, and only when it knows its person', async () => {
    await admin.goto(`${server.base}/app/access/me`)
    await admin.getByRole('heading', { name: 'Second factors' }).waitFor(WAIT)
    await admin.getByRole('button', { name: 'Add', exact: true }).click()
    await field(admin, 'Password').fill(PASSWORD)
    await look(admin, 'gate-desk', findings)
    await admin.getByRole('button', { name: 'Continue' }).click()
    await admin.getByRole('button', { name: 'Security key' }).click()
    await field(admin, 'Name').fill('blue key')
    await admin.getByRole('button', { name: 'Add the security key' }).click()
    await admin.getByText('blue key').first().waitFor(WAIT)

    await signOut(admin)
    await signInByPassword(admin, 'admin')
    await admin.getByRole('heading', { name: 'Second step' }).waitFor(WAIT)
    await lookAll(admin, 'second', findings)
    await admin.getByRole('button', { name: 'Use a security key' }).click()
    await admin.waitForSelector('.s-shell', WAIT)

    await admin.goto(`${server.base}/app/access/me`)
    await key.verified(false)
    await admin.getByRole('button', { name: 'Make new codes' }).click()
    await admin.getByRole('button', { name: 'Use a security key' }).click()
    await admin.getByRole('alert').first().waitFor({ timeout: 130_000 })
    await key.verified(true)
    await admin.getByRole('button', { name: 'Use a security key' }).click()
    await admin.getByText('The old codes are void').waitFor(WAIT)
    await admin.keyboard.press('Escape')
    await lookAll(admin, 'me', findings)
    await admin.getByRole('button', { name: /中文/ }).first().click()
    await admin.getByRole('heading', { name: '登录与安全' }).waitFor(WAIT)
    await lookAll(admin, 'me-zh', findings)
    await admin.getByRole('button', { name: /English/ }).first().click()
    await admin.getByRole('heading', { name: 'Sign-in and security' }).waitFor(WAIT)
  })

  await t.test('a recovery code signs in, once', async () => {
    const other = await open(browser, server.base, trouble)
    await signInByPassword(other, 'admin')
    await other.getByRole('button', { name: 'Use a recovery code' }).click()
    await field(other, 'Recovery code').fill(codes[0].toLowerCase())
    await look(other, 'recovery-desk', findings)
    await other.getByRole('button', { name: 'Sign in', exact: true }).click()
    await other.waitForSelector('.s-shell', WAIT)

    // T36: ended from the other page, gone here in less than 5 s, with its socket.
    await admin.goto(`${server.base}/app/access/me`)
    await admin.getByRole('button', { name: 'End all others' }).click()
    const began = Date.now()
    await field(other, 'Login name').waitFor({ timeout: 5000 })
    assert.ok(Date.now() - began < 5000)
    await signInByPassword(other, 'admin')
    await other.getByRole('button', { name: 'Use a recovery code' }).click()
    await field(other, 'Recovery code').fill(codes[0])
    await other.getByRole('button', { name: 'Sign in', exact: true }).click()
    await other.getByText('The code is wrong').waitFor(WAIT)
    await other.context().close()
  })

  await t.test('a phone without a security key is registered face to face and signs in by its PIN', async () => {
    const hub = JSON.parse((await api('GET', '/access/organisations')).body).organisations[0]
    const made = JSON.parse((await api('POST', '/access/people', { login: 'nurse', name: '符护士', password: PASSWORD })).body)
    assert.equal((await api('POST', '/access/memberships', { practitioner: made.practitioner, organisation: hub.resource, role: 'nurse' })).status, 201)
    await admin.goto(`${server.base}/app/access/me`)
    await admin.getByRole('button', { name: 'Show a code' }).click()
    await admin.getByRole('button', { name: 'Use a security key' }).click()
    await field(admin, 'Colleague').selectOption(made.practitioner)
    await admin.getByRole('button', { name: 'Show a code' }).last().click()
    await admin.getByRole('img', { name: 'QR code that registers the phone' }).waitFor(WAIT)
    await lookAll(admin, 'colleague', findings)
    const code = (await admin.locator('.acc-secret').innerText()).replace(/\s/g, '')
    await admin.keyboard.press('Escape')

    const phone = await open(browser, server.base, trouble, { size: PHONE, path: `/app/access/me#device=${code}` })
    await signInByPassword(phone, 'nurse')
    await phone.getByRole('heading', { name: 'Add a second factor first' }).waitFor(WAIT)
    assert.equal(await field(phone, 'Code shown by your colleague').inputValue(), code)
    await field(phone, 'Name').fill('ward phone')
    await field(phone, 'PIN').fill('258034')
    await field(phone, 'PIN again').fill('258034')
    await look(phone, 'device-phone', findings)
    await phone.getByRole('button', { name: 'Register this device' }).click()
    await phone.locator('.acc-codes li').first().waitFor(WAIT)
    await phone.getByRole('button', { name: 'I have put them away' }).click()
    await phone.waitForSelector('.s-shell', WAIT)
    assert.equal(await phone.evaluate(() => new Promise((resolve) => {
      const opening = indexedDB.open('qiao-device', 1)
      opening.onsuccess = () => { opening.result.transaction('keys').objectStore('keys').get('own').onsuccess = (event) => resolve(event.target.result.key.extractable) }
    })), false)
    await signOut(phone)
    await field(phone, 'PIN').fill('999999')
    await phone.getByRole('button', { name: 'Sign in', exact: true }).first().click()
    await phone.getByText('The device or the PIN is wrong').waitFor(WAIT)
    await field(phone, 'PIN').fill('258034')
    await look(phone, 'pin-phone', findings)
    await phone.getByRole('button', { name: 'Sign in', exact: true }).first().click()
    await phone.waitForSelector('.s-shell', WAIT)
    await phone.goto(`${server.base}/app/access/me`)
    await phone.getByText('ward phone').first().waitFor(WAIT)
    await look(phone, 'me-device-phone', findings)
    await phone.context().close()
  })

  await t.test('a password is reset by two security administrators', async () => {
    const hub = JSON.parse((await api('GET', '/access/organisations')).body).organisations[0]
    for (const [login, name, role] of [['second', '第二管理员', 'security_admin'], ['doctor', '林海', 'doctor']]) {
      const made = JSON.parse((await api('POST', '/access/people', { login, name, password: PASSWORD })).body)
      assert.equal((await api('POST', '/access/memberships', { practitioner: made.practitioner, organisation: hub.resource, role })).status, 201)
    }
    await admin.goto(`${server.base}/app/access/resets`)
    await admin.getByRole('button', { name: 'Start a reset' }).click()
    await field(admin, 'Password').fill(PASSWORD)
    await admin.getByRole('button', { name: 'Continue' }).click()
    const doctorOption = field(admin, 'Person').locator('option', { hasText: '林海' })
    await doctorOption.waitFor({ state: 'attached', ...WAIT })
    await field(admin, 'Person').selectOption(await doctorOption.getAttribute('value'))
    await field(admin, 'Reason').fill('stands at the desk, forgot the password')
    await lookAll(admin, 'reset-start', findings)
    await admin.getByRole('dialog').getByRole('button', { name: 'Start a reset' }).click()
    await admin.getByText('Waits for a second person').waitFor(WAIT)
    assert.equal(await admin.getByRole('button', { name: 'Confirm' }).count(), 0)
    await lookAll(admin, 'resets', findings)

    const second = await open(browser, server.base, trouble, { path: '/app/access/resets' })
    await virtualKey(second)
    await signInByPassword(second, 'second')
    await second.getByRole('button', { name: 'Security key' }).click()
    await field(second, 'Name').fill('key')
    await second.getByRole('button', { name: 'Add the security key' }).click()
    await second.getByRole('button', { name: 'I have put them away' }).click()
    await second.getByRole('button', { name: 'Confirm' }).click()
    await second.getByRole('button', { name: 'Use a security key' }).click()
    await look(second, 'reset-confirm-desk', findings)
    await second.getByRole('dialog').getByRole('button', { name: 'Confirm' }).click()
    await second.locator('.acc-secret').waitFor(WAIT)
    await look(second, 'reset-code-desk', findings)
    const code = await second.locator('.acc-secret').innerText()

    const doctor = await open(browser, server.base, trouble, { size: PHONE })
    await doctor.getByRole('button', { name: 'I have a reset code' }).click()
    await field(doctor, 'Login name').fill('doctor')
    await field(doctor, 'Code').fill(code)
    await field(doctor, 'New password').fill('another-lantern-1977')
    await field(doctor, 'Password again').fill('another-lantern-1977')
    await look(doctor, 'reset-password-phone', findings)
    await doctor.getByRole('button', { name: 'Set password' }).click()
    await doctor.getByText('The password is set').waitFor(WAIT)
    await signInByPassword(doctor, 'doctor', 'another-lantern-1977')
    await doctor.getByRole('heading', { name: 'Add a second factor first' }).waitFor(WAIT)

    await second.goto(`${server.base}/app/access/people`)
    await second.getByRole('row', { name: /林海/ }).getByRole('button', { name: 'Sessions' }).click()
    await second.getByRole('dialog').getByRole('button', { name: 'End all' }).waitFor(WAIT)
    await lookAll(second, 'person-sessions', findings)
    await second.getByRole('dialog').getByRole('button', { name: 'End all' }).click()
    await second.getByText('No open session').waitFor(WAIT)
  })

  await browser.close()
  await server.stop()
  assert.deepEqual([...trouble, ...findings], [])
})
