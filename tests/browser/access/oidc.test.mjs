// Signing in with the institution's account: with a real OpenID provider in Chromium, and with a crooked one that Qiao must not
// believe. With SHOTS=<folder> each page is kept as a picture.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { CLIENT, crookedProvider, realProvider, SECRET } from '../../support/oidc.mjs'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, PHONE } from '../story/people.mjs'

const WAIT = { timeout: 30_000 }
const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })

/** RFC 6238. */
function totp(base32) {
  const bits = [...base32].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)))
  const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))).update(counter).digest()
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** @param byKey  Qiao makes a key of its own and no secret is shared */
async function withConfig(issuer, more = '', byKey = false) {
  const folder = mkdtempSync(join(tmpdir(), 'qiao-oidc-'))
  writeFileSync(join(folder, 'secret'), SECRET + '\n')
  chmodSync(join(folder, 'secret'), 0o600)
  const proof = byKey ? `key_file = "${join(folder, 'oidc.key')}"` : `secret_file = "${join(folder, 'secret')}"`
  writeFileSync(join(folder, 'qiao.toml'), `[oidc]\nissuer = "${issuer}"\nclient_id = "${CLIENT}"\n${proof}\nlabel = "县医院统一登录"\nlabel_en = "County hospital account"\n${more}`)
  const server = await startServer('demo', ['--config', join(folder, 'qiao.toml')])
  return { server, folder, base: server.base.replace('localhost', '127.0.0.1'), stop: async () => (await server.stop(), rmSync(folder, { recursive: true })) }
}

test('a real provider', async (t) => {
  const provider = await realProvider()
  const { base, stop } = await withConfig(provider.issuer)
  await provider.open(`${base}/app/oidc`)
  const browser = await launch()
  const trouble = []
  const findings = []
  const open = async (locale = 'en') => {
    const context = await browser.newContext({ viewport: DESK, locale, reducedMotion: 'reduce' })
    const page = await context.newPage()
    page.setDefaultTimeout(WAIT.timeout)
    page.on('console', (message) => { if (message.type() === 'error' && message.location().url.startsWith(base) && !/status of (401|403|409)/.test(message.text())) trouble.push(`${message.text()} ${message.location().url}`) })
    page.on('pageerror', (error) => trouble.push(String(error.stack)))
    await page.goto(base + '/')
    return page
  }
  const look = async (page, name) => {
    for (const [tag, size] of [['desk', DESK], ['phone', PHONE]]) {
      await page.setViewportSize(size)
      findings.push(...await inspect(page, `${name}-${tag}`))
      if (shots) await page.screenshot({ path: `${shots}/${name}-${tag}.png`, fullPage: true })
    }
    await page.setViewportSize(DESK)
  }
  const atProvider = async (page, account) => {
    await page.locator('input[name=login]').fill(account)
    await page.locator('input[name=password]').fill('anything')
    await page.locator('button[type=submit]').click()
    await page.getByRole('button', { name: 'Continue' }).click()
  }
  const who = (page) => page.evaluate(() => fetch('/access/session').then((answer) => answer.status === 200 ? answer.json() : undefined))
  const press = (page) => page.locator('[data-oidc]').click()
  const doctor = await open()

  await t.test('an account that belongs to nobody here is refused with clear words, in both languages', async () => {
    const stranger = await open()
    await stranger.locator('[data-oidc]').waitFor(WAIT)
    await look(stranger, 'login')
    await press(stranger)
    await atProvider(stranger, 'nobody')
    await stranger.getByText('This account is not linked to anybody here').waitFor(WAIT)
    assert.equal(await who(stranger), undefined)
    assert.equal(new URL(stranger.url()).search, '', 'the code does not stay in the address')
    await look(stranger, 'not-linked')
    const chinese = await open('zh-CN')
    await press(chinese)
    await atProvider(chinese, 'nobody')
    await chinese.getByText('该账号尚未与此处的任何人员关联').waitFor(WAIT)
    await look(chinese, 'not-linked-zh')
    await chinese.context().close()
    await stranger.context().close()
  })

  await t.test('a person links the account, signed in and proved again', async () => {
    await doctor.locator('[data-login="lin.haiyan"]').click()
    await doctor.waitForSelector('.s-shell')
    await doctor.goto(`${base}/app/access/me`)
    await doctor.getByRole('button', { name: 'Link an account' }).click()
    await doctor.getByRole('dialog').locator('button[type=submit]').click()  // the proof; in the demo without a password
    await doctor.getByRole('button', { name: 'Open the sign-in page' }).waitFor(WAIT)
    await look(doctor, 'link-dialog')
    await doctor.getByRole('button', { name: 'Open the sign-in page' }).click()
    await atProvider(doctor, 'h-4711')
    await doctor.getByText('Linked since').waitFor(WAIT)
    await doctor.getByText("An account of the institution's sign-in service was linked").waitFor(WAIT)
    await look(doctor, 'linked')
  })

  await t.test('and signs in with it, with a new session, at the place that was wanted', async () => {
    const before = (await doctor.context().cookies(base)).find((one) => one.name === 'qiao').value
    await doctor.evaluate(() => fetch('/access/session', { method: 'DELETE' }))
    await doctor.goto(`${base}/app/access/contact`)
    await press(doctor)  // the provider knows this browser still: no page of its own
    await doctor.waitForSelector('.s-shell')
    assert.equal(new URL(doctor.url()).pathname, '/app/access/contact')
    assert.equal((await who(doctor)).person.login, 'lin.haiyan')
    const cookies = await doctor.context().cookies(base)
    assert.notEqual(cookies.find((one) => one.name === 'qiao').value, before)
    assert.equal(cookies.find((one) => one.name === 'qiao-oidc'), undefined, 'the attempt is over')
  })

  await t.test("Qiao's own second factor is still asked", async () => {
    const post = (path, body) => doctor.evaluate(([url, json]) => fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(json) }).then((answer) => answer.status === 204 ? undefined : answer.json()), [path, body])
    const done = await post('/access/step-up', { password: '' })
    // A session that no demo button began has to give the password, and this person has none: signing in by name proves it.
    if (!done.until) await post('/access/demo-session', { login: 'lin.haiyan' }), await post('/access/step-up', { password: '' })
    const { secret } = await post('/access/me/totp', {})
    await post('/access/me/totp/confirm', { code: totp(secret), name: 'phone' })
    await doctor.evaluate(() => fetch('/access/session', { method: 'DELETE' }))
    await doctor.goto(base + '/')
    await press(doctor)
    await doctor.getByRole('heading', { name: 'Second step' }).or(doctor.getByLabel(/Six-digit code/)).first().waitFor(WAIT)
    assert.equal(await who(doctor), undefined, 'not signed in before it')
    await look(doctor, 'second')
  })

  await t.test('nobody else can link the same account, and the link can be removed', async () => {
    const other = await open()
    await other.locator('[data-login="xu.anping"]').click()
    await other.waitForSelector('.s-shell')
    const link = async () => {
      await other.goto(`${base}/app/access/me`)
      await other.getByRole('button', { name: 'Link an account' }).click()
      await other.getByRole('dialog').locator('button[type=submit]').click()
      const proof = other.getByRole('button', { name: 'Open the sign-in page' })
      await proof.or(other.locator('input[name=login]')).first().waitFor(WAIT)
      if (await proof.isVisible()) await proof.click()
    }
    await link()
    await atProvider(other, 'h-4711')
    await other.getByText('already linked to another person here').waitFor(WAIT)
    await look(other, 'linked-elsewhere')
    await other.context().clearCookies({ domain: '127.0.0.1', name: /^_(session|interaction)/ })
    await link()
    await atProvider(other, 'h-4712')
    await other.getByText('Linked since').waitFor(WAIT)
    await other.getByRole('button', { name: 'Remove the link' }).click()
    const dialog = other.getByRole('dialog')
    await dialog.locator('button[type=submit]').click()  // the proof
    await dialog.getByRole('button', { name: 'Remove the link' }).click()
    await dialog.waitFor({ state: 'detached', ...WAIT })
    await other.getByRole('button', { name: 'Link an account' }).waitFor(WAIT)
    await other.context().close()
  })

  assert.deepEqual(trouble, [])
  assert.deepEqual(findings, [])
  await browser.close()
  await stop()
  await provider.end()
})

test('without a shared secret: Qiao proves itself by its key, and signing out ends the session there too', async () => {
  const provider = await realProvider()
  const { base, stop, folder } = await withConfig(provider.issuer, '', true)
  const jwks = await (await fetch(`${base}/access/oidc/jwks`)).json()
  assert.deepEqual([jwks.keys.length, jwks.keys[0].kty, jwks.keys[0].alg, jwks.keys[0].d], [1, 'EC', 'ES256', undefined])
  assert.equal(statSync(join(folder, 'oidc.key')).mode & 0o077, 0, 'the private half is the program\'s alone')
  await provider.open(`${base}/app/oidc`, 'ES256', jwks)
  const browser = await launch()
  const page = await (await browser.newContext({ viewport: DESK, locale: 'en', reducedMotion: 'reduce' })).newPage()
  page.setDefaultTimeout(WAIT.timeout)
  const atProvider = async () => {
    await page.locator('input[name=login]').fill('h-4711')
    await page.locator('input[name=password]').fill('anything')
    await page.locator('button[type=submit]').click()
    await page.getByRole('button', { name: 'Continue' }).click()
  }
  await page.goto(base + '/')
  await page.locator('[data-login="lin.haiyan"]').click()
  await page.waitForSelector('.s-shell')
  await page.goto(`${base}/app/access/me`)
  await page.getByRole('button', { name: 'Link an account' }).click()
  await page.getByRole('dialog').locator('button[type=submit]').click()
  await page.getByRole('button', { name: 'Open the sign-in page' }).click(WAIT)
  await atProvider()
  await page.getByText('Linked since').waitFor(WAIT)
  const signOut = async () => {
    await page.getByRole('button', { name: /Lin Haiyan/ }).click()
    await page.getByRole('button', { name: 'Sign out' }).click()
  }
  // Who signed in by name is not sent to the provider.
  await signOut()
  await page.locator('[data-oidc]').click(WAIT)
  await page.waitForSelector('.s-shell')
  await signOut()
  await page.waitForURL((url) => url.href.startsWith(`${provider.issuer}/session/end`), WAIT)
  await page.getByRole('button', { name: 'Yes, sign me out' }).click()
  await page.waitForURL(`${base}/app/today`, WAIT)
  // The next person at this browser is asked who they are.
  await page.locator('[data-oidc]').click(WAIT)
  await page.locator('input[name=login]').waitFor(WAIT)
  await browser.close()
  await stop()
  await provider.end()
})

test('a crooked provider', async (t) => {
  const provider = await crookedProvider()
  const { base, stop, server } = await withConfig(provider.issuer, 'second_factor_amr = ["hwk"]\n')
  const call = async (path, body, cookies = {}) => {
    const answer = await fetch(base + path, { method: 'POST', headers: { 'Content-Type': 'application/json', Cookie: Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join('; ') }, body: JSON.stringify(body) })
    const text = await answer.text()
    const set = Object.fromEntries(answer.headers.getSetCookie().map((one) => /^([^=]+)=([^;]*)/.exec(one).slice(1)))
    const json = text === '' ? undefined : JSON.parse(text)
    return { status: answer.status, body: json, set, code: json?.issue?.[0]?.details?.coding?.[0]?.code }
  }
  /** An attempt; what the provider would be asked. */
  const begin = async (cookies = {}, path = '/access/oidc/begin') => {
    const begun = await call(path, {}, cookies)
    assert.equal(begun.status, 200, JSON.stringify(begun.body))
    const query = new URL(begun.body.url).searchParams
    return { url: begun.body.url, state: query.get('state'), nonce: query.get('nonce'), challenge: query.get('code_challenge'), cookie: begun.set['qiao-oidc'] }
  }
  let count = 0
  /** One whole attempt, at whose end the provider says `token`. */
  const attempt = async (token, change = {}) => {
    const begun = await begin()
    const code = `code-${++count}`
    provider.cases.set(code, () => token(begun.nonce))
    return call('/access/oidc/finish', { code, state: begun.state, ...change }, { 'qiao-oidc': begun.cookie })
  }
  const { claims, sign } = provider
  /** Right claims after the demo's clock went on by two minutes. */
  const later = (nonce) => ({ ...claims(nonce, { amr: ['hwk'] }), exp: Math.floor(Date.now() / 1000) + 300 })

  await t.test('an account is linked, and a right token signs in', async () => {
    const session = (await call('/access/demo-session', { login: 'lin.haiyan' })).set.qiao
    assert.equal((await call('/access/me/oidc/begin', {}, { qiao: session })).code, 'access.step_up_needed')
    await call('/access/step-up', { password: '' }, { qiao: session })
    const begun = await begin({ qiao: session }, '/access/me/oidc/begin')
    const asked = new URL(begun.url)
    assert.equal(asked.origin + asked.pathname, `${provider.issuer}/auth`)
    assert.equal(asked.searchParams.get('code_challenge_method'), 'S256')
    assert.equal(asked.searchParams.get('redirect_uri'), `${base}/app/oidc`)
    assert.equal(asked.searchParams.get('scope'), 'openid')
    provider.cases.set('link', () => sign(claims(begun.nonce)))
    // An attempt to link is none to sign in, and is over after it was tried.
    const other = await begin({ qiao: session }, '/access/me/oidc/begin')
    assert.equal((await call('/access/oidc/finish', { code: 'link', state: other.state }, { 'qiao-oidc': other.cookie })).code, 'access.oidc_over')
    assert.equal((await call('/access/me/oidc/finish', { code: 'link', state: begun.state }, { qiao: session, 'qiao-oidc': begun.cookie })).status, 204)
    const { form, authorization } = provider.seen.tokens.at(-1)
    assert.equal(Buffer.from(authorization.slice(6), 'base64').toString(), `${CLIENT}:${SECRET}`)
    assert.equal(form.get('client_secret'), null)
    const { createHash } = await import('node:crypto')
    assert.equal(createHash('sha256').update(form.get('code_verifier')).digest('base64url'), begun.challenge)
    const signedIn = await attempt((nonce) => sign(claims(nonce)))
    assert.equal(signedIn.status, 200, JSON.stringify(signedIn.body))
    assert.equal(signedIn.body.person.login, 'lin.haiyan')
    assert.equal((await attempt((nonce) => sign(claims(nonce), provider.keys.e1))).status, 200)
  })

  await t.test('what is wrong with a token is refused', async () => {
    const now = Math.floor(Date.now() / 1000)
    const wrong = {
      nonce: () => sign(claims('another')),
      'no nonce': () => sign(claims(undefined)),
      none: (nonce) => provider.unsigned(claims(nonce)),
      'HS256 with our secret': (nonce) => provider.hmac(claims(nonce), SECRET),
      audience: (nonce) => sign(claims(nonce, { aud: 'other' })),
      azp: (nonce) => sign(claims(nonce, { aud: [CLIENT, 'other'], azp: 'other' })),
      issuer: (nonce) => sign(claims(nonce, { iss: 'https://other.example' })),
      expired: (nonce) => sign(claims(nonce, { exp: now - 1 })),
      'not yet': (nonce) => sign(claims(nonce, { nbf: now + 600 })),
      "a stranger's key": (nonce) => sign(claims(nonce), provider.stranger),
      'no token': () => ({ raw: '{"access_token":"x"}' }),
      'no JSON': () => ({ raw: '<html>' }),
      'a redirect': () => ({ raw: '', status: 302, headers: { Location: `${base}/access/demo-users` } }),
      'a refused code': () => undefined,
      'more than is read': (nonce) => ({ raw: JSON.stringify({ pad: 'x'.repeat(1 << 20), id_token: nonce }) }),
    }
    for (const [name, token] of Object.entries(wrong)) {
      const refused = await attempt(token)
      assert.equal(refused.code, 'access.oidc_bad_token', name)
      assert.equal(refused.status, 401, name)
      assert.equal(refused.set.qiao, undefined, name)
    }
  })

  await t.test('an answer belongs to one attempt of one browser, once', async () => {
    const right = (nonce) => sign(claims(nonce))
    assert.equal((await attempt(right, { state: 'another' })).code, 'access.oidc_over')
    assert.equal((await attempt(right, { state: undefined })).code, 'access.oidc_over')
    assert.equal((await attempt(right, { iss: 'https://other.example' })).code, 'access.oidc_bad_token')
    assert.equal((await attempt(right, { code: '', error: 'access_denied' })).code, 'access.oidc_denied')
    const mine = await begin()
    const theirs = await begin()
    provider.cases.set('mixed', () => sign(claims(mine.nonce)))
    assert.equal((await call('/access/oidc/finish', { code: 'mixed', state: mine.state }, { 'qiao-oidc': theirs.cookie })).code, 'access.oidc_over')
    assert.equal((await call('/access/oidc/finish', { code: 'mixed', state: mine.state })).code, 'access.oidc_over')
    assert.equal((await call('/access/oidc/finish', { code: 'mixed', state: mine.state }, { 'qiao-oidc': mine.cookie })).status, 200)
    assert.equal((await call('/access/oidc/finish', { code: 'mixed', state: mine.state }, { 'qiao-oidc': mine.cookie })).code, 'access.oidc_over')
    const cross = await fetch(`${base}/access/oidc/begin`, { method: 'POST', headers: { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }, body: '{}' })
    assert.equal(cross.status, 403)
  })

  await t.test("the provider's second factor counts only where it is configured", async () => {
    const session = (await call('/access/demo-session', { login: 'lin.haiyan' })).set.qiao
    await call('/access/step-up', { password: '' }, { qiao: session })
    const { body: { secret } } = await call('/access/me/totp', {}, { qiao: session })
    assert.equal((await call('/access/me/totp/confirm', { code: totp(secret), name: 'phone' }, { qiao: session })).status, 200)
    assert.equal((await attempt((nonce) => sign(claims(nonce)))).code, 'access.second_factor_needed')
    assert.equal((await attempt((nonce) => sign(claims(nonce, { amr: ['pwd', 'otp'] })))).code, 'access.second_factor_needed')
    assert.equal((await attempt((nonce) => sign(claims(nonce, { amr: ['pwd', 'hwk'] })))).status, 200)
  })

  await t.test('new keys are found, strange ones are not asked for again and again', async () => {
    const next = await provider.newKey('RS256', 'r2')
    const before = provider.seen.jwks
    provider.show(provider.keys.r1, next)
    assert.equal((await attempt((nonce) => sign(claims(nonce, { amr: ['hwk'] }), next))).status, provider.seen.jwks === before ? 401 : 200)
    const asked = provider.seen.jwks
    for (let i = 0; i < 4; i++) assert.equal((await attempt((nonce) => sign(claims(nonce), { ...provider.stranger, jwk: { alg: 'RS256', kid: `z${i}` } }))).code, 'access.oidc_bad_token')
    assert.ok(provider.seen.jwks <= asked + 1, `${provider.seen.jwks - asked} more`)
    // A minute later (the demo's clock) it is looked for again.
    const session = (await call('/access/demo-session', { login: 'lin.haiyan' })).set.qiao
    await call('/access/demo-clock', { minutes: 2 }, { qiao: session })
    assert.equal((await attempt((nonce) => sign(later(nonce), next))).status, 200)
  })

  await t.test('a person who was ended is not let in; the audit says what happened, the log nothing of it', async () => {
    const as = async (login) => (await call('/access/demo-session', { login })).set.qiao
    const admin = await as('song.yanan')
    const { people } = await (await fetch(`${base}/access/directory?role=doctor`, { headers: { Cookie: `qiao=${admin}` } })).json()
    const lin = people.find((one) => one.nameEn === 'Lin Haiyan').practitioner.replace('Practitioner/', '')
    assert.equal((await call(`/access/people/${lin}/end`, {}, { qiao: admin })).status, 204)
    assert.equal((await attempt((nonce) => sign(later(nonce)))).code, 'access.oidc_not_linked')
    const auditor = await as('dong.lixin')
    const { body: { rows } } = await call('/access/audit/search', { action: 'login', count: 200 }, { qiao: auditor })
    const said = rows.map((one) => `${one.outcome} ${one.detail}`)
    for (const line of ['success oidc', 'denied oidc token nonce', 'denied oidc token algorithm', 'denied oidc token signature', 'denied oidc not linked', 'denied oidc code']) {
      assert.ok(said.includes(line), `${line}: ${[...new Set(said)]}`)
    }
    assert.doesNotMatch(server.log(), /account-1|eyJ|a-secret-of-the-test/)
  })

  await t.test('a provider that is away is said, and known keys go on', async () => {
    await provider.end()
    const begun = await call('/access/oidc/begin', {})
    assert.equal(begun.status, 200)
    const finished = await call('/access/oidc/finish', { code: 'x', state: new URL(begun.body.url).searchParams.get('state') }, { 'qiao-oidc': begun.set['qiao-oidc'] })
    assert.equal(finished.code, 'access.oidc_unreachable')
    assert.equal(finished.status, 503)
  })
  await stop()
})
