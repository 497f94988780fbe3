// A hospital's own authority, run by openssl, certifies a signer through the page; then the public page checks files.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, PHONE, inspect, launch, signIn } from '../story/people.mjs'

const KEEPER = 'song.yanan'
const shots = process.env.QIAO_SHOTS

test('certificates of signers and the public check', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  const folder = mkdtempSync(join(tmpdir(), 'qiao-certificates-'))
  t.after(async () => { await browser.close(); await server.stop(); rmSync(folder, { recursive: true }) })
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' })
  const trouble = []
  const shot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true }) }
  openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=County CA', '-days', '3650', '-addext', 'keyUsage=critical,keyCertSign,cRLSign')
  writeFileSync(join(folder, 'signer.cnf'), 'basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n')

  await t.test('from the request to the certificate', async () => {
    const page = await signIn(browser, server.base, KEEPER, { trouble })
    await page.goto(`${server.base}/app/access/certificates`)
    await page.getByRole('button', { name: 'Trust an authority' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Go on' }).or(dialog.locator('button[type=submit]')).first().click() // the demo's proof needs no password
    await dialog.getByLabel('Name, as it stands on paper').fill('County CA')
    await dialog.getByLabel('Certificates of the authority (PEM)').fill(readFileSync(join(folder, 'ca.pem'), 'utf8'))
    await dialog.getByLabel('It is licensed by law').check()
    await shot(page, 'trust-desk-en')
    await dialog.locator('button[type=submit]').click()
    await dialog.waitFor({ state: 'detached' })
    await page.getByText('County CA', { exact: true }).first().waitFor()

    await page.getByRole('button', { name: 'Export a request' }).click()
    const who = page.getByRole('dialog').getByLabel('Whose')
    await who.locator('option[value^="Practitioner/"]').first().waitFor({ state: 'attached' })
    const holder = await who.locator('option[value^="Practitioner/"]').first().getAttribute('value')
    await who.selectOption(holder)
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('dialog').locator('button[type=submit]').click()])
    await download.saveAs(join(folder, 'signer.csr'))
    openssl('x509', '-req', '-in', 'signer.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-days', '365', '-extfile', 'signer.cnf', '-out', 'signer.pem')
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()

    await page.getByRole('button', { name: 'Import a certificate' }).click()
    const importing = page.getByRole('dialog')
    await importing.getByLabel('Whose').selectOption(holder)
    await importing.getByLabel(/^Certificate, and those between/).fill(readFileSync(join(folder, 'ca.pem'), 'utf8'))
    await importing.locator('button[type=submit]').click()
    await importing.getByText('None of these certificates is about the key of the request').waitFor()
    await importing.getByLabel(/^Certificate, and those between/).fill(readFileSync(join(folder, 'signer.pem'), 'utf8'))
    await importing.locator('button[type=submit]').click()
    await importing.waitFor({ state: 'detached' })
    await page.getByText('no revocation list', { exact: false }).first().waitFor()
    await page.getByText('"integrity only"').waitFor({ state: 'detached' }) // a licensed authority vouches for a signer now
    assert.deepEqual(await inspect(page, 'certificates'), [])
    await shot(page, 'certificates-desk-en')
    await page.context().close()
    for (const [locale, size, name] of [['zh-CN', PHONE, 'certificates-phone-zh'], ['en', PHONE, 'certificates-phone-en'], ['zh-CN', DESK, 'certificates-desk-zh']]) {
      const other = await signIn(browser, server.base, KEEPER, { trouble, locale, size })
      await other.goto(`${server.base}/app/access/certificates`)
      await other.getByText('County CA', { exact: true }).first().waitFor()
      assert.deepEqual(await inspect(other, name), [])
      await shot(other, name)
      await other.context().close()
    }
  })

  await t.test('a revoked certificate lets nobody sign until somebody decides', async () => {
    const page = await signIn(browser, server.base, KEEPER, { trouble })
    await page.goto(`${server.base}/app/access/certificates`)
    await page.getByRole('row').filter({ hasText: 'County CA' }).getByRole('button', { name: 'Revoke' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Go on' }).or(dialog.locator('button[type=submit]')).first().click()
    await dialog.getByLabel('Reason').fill('Token lost')
    await shot(page, 'revoke-desk-en')
    await dialog.locator('button[type=submit]').click()
    await dialog.waitFor({ state: 'detached' })
    const note = page.getByText(/cannot sign: the certificate is not in force/)
    await note.waitFor()
    for (const [locale, size, name] of [['en', DESK, 'desk-en'], ['zh-CN', PHONE, 'phone-zh'], ['en', PHONE, 'phone-en'], ['zh-CN', DESK, 'desk-zh']]) {
      for (const [login, path, seen] of [[KEEPER, 'access/certificates', '.q-note-critical'], ['hu.jianguo', 'operations/state', 'main h2']]) {
        const other = await signIn(browser, server.base, login, { trouble, locale, size })
        await other.goto(`${server.base}/app/${path}`)
        await other.locator(seen).first().waitFor()
        assert.deepEqual(await inspect(other, `${path} ${name}`), [])
        await shot(other, `refused-${path.split('/')[1]}-${name}`)
        await other.context().close()
      }
    }
    await page.getByRole('button', { name: 'Sign by the built-in authority' }).click()
    await shot(page, 'built-in-desk-en')
    await dialog.locator('button[type=submit]').click()
    await dialog.waitFor({ state: 'detached' })
    await note.waitFor({ state: 'detached' })
    await page.context().close()
  })

  await t.test('a stranger checks files on a phone', async () => {
    const context = await browser.newContext({ viewport: PHONE, isMobile: true, hasTouch: true })
    const page = await context.newPage()
    page.on('console', (message) => { if (message.type() === 'error') trouble.push(message.text()) })
    await page.goto(`${server.base}/verify`)
    writeFileSync(join(folder, 'manifest.bin'), '{"meaning":"opinion"}')
    openssl('dgst', '-sha256', '-sign', 'ca.key', '-out', 'signature.der', 'manifest.bin')
    const check = async (...files) => {
      for (const [at, name] of ['manifest', 'signature', 'certificate'].entries()) await page.locator(`input[name=${name}]`).setInputFiles(join(folder, files[at]))
      await page.locator('button').click()
      await page.getByRole('status').waitFor()
      return page.getByRole('status').innerText()
    }
    assert.match(await check('manifest.bin', 'signature.der', 'ca.pem'), /no trusted authority/)
    writeFileSync(join(folder, 'other.bin'), '{"meaning":"opinion" }')
    assert.match(await check('other.bin', 'signature.der', 'ca.pem'), /Altered/)
    assert.deepEqual(await inspect(page, 'verify'), [])
    await shot(page, 'verify-phone')
    await context.close()
  })
  assert.deepEqual(trouble.filter((line) => !line.includes('400 (Bad Request)')), []) // the certificate that does not fit
})
