// An administrator's role takes two persons, and so does a right to labels, on the pages of the demo network. With SHOTS=<folder> each page is kept as a picture.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, inspect, launch, PHONE, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })

test('an administrator role by two persons', async () => {
  const server = await startServer('demo')
  const browser = await launch()
  const trouble = []
  const findings = []
  const look = async (page, name) => {
    for (const [tag, size] of [['desk', DESK], ['phone', PHONE]]) {
      await page.setViewportSize(size)
      // What depends on the width is drawn anew in the next frames.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 200))))
      findings.push(...await inspect(page, `${name}-${tag}`))
      if (shots) await page.screenshot({ path: `${shots}/${name}-${tag}.png`, fullPage: true })
    }
    await page.setViewportSize(DESK)
  }
  try {
    const security = await signIn(browser, server.base, 'song.yanan', { trouble })
    await security.goto(`${server.base}/app/access/people`)
    await security.getByRole('button', { name: 'Add a role' }).click()
    const dialog = security.getByRole('dialog')
    await dialog.getByLabel('Person').selectOption({ label: 'Deng Wei · Lanwan County Hospital' })
    await dialog.getByLabel('Institution').selectOption({ label: 'Lanwan County Hospital' })
    await dialog.getByLabel('Role').selectOption('system_admin')
    await dialog.locator('button[type=submit]').click()
    await dialog.locator('input[autocomplete=current-password]').waitFor(WAIT)
    await dialog.locator('button[type=submit]').click()  // the proof; in the demo without a password
    await dialog.getByText('takes two persons').waitFor(WAIT)
    await look(security, 'ask')
    await dialog.locator('button[type=submit]').click()
    await dialog.waitFor({ state: 'detached', ...WAIT })
    const card = security.locator('[data-role-request]')
    await card.getByText('Waits for another administrator').waitFor(WAIT)
    assert.equal(await card.getByRole('button', { name: 'Confirm' }).count(), 0)
    await look(security, 'waits')

    const auditor = await signIn(browser, server.base, 'dong.lixin', { trouble, locale: 'zh-CN' })
    await auditor.goto(`${server.base}/app/access/role-requests`)
    await auditor.getByRole('button', { name: '确认授予' }).waitFor(WAIT)
    await look(auditor, 'confirm-zh')
    await auditor.getByRole('button', { name: '确认授予' }).click()
    const proof = auditor.getByRole('dialog')
    await proof.locator('button[type=submit]').click()
    await proof.getByText('请确认无误后再确认授予').waitFor(WAIT)
    await look(auditor, 'confirm-dialog-zh')
    await proof.getByRole('button', { name: '确认授予' }).click()
    await auditor.getByText('没有等待确认的申请').waitFor(WAIT)

    await security.reload()
    await security.getByRole('row', { name: /Deng Wei.*System administrator/ }).waitFor(WAIT)

    await security.goto(`${server.base}/app/access/label-rights`)
    await security.getByText('Choose an institution to see').waitFor(WAIT)
    await look(security, 'labels-none')
    await security.getByLabel('Institution').selectOption({ label: 'Lanwan County Hospital' })
    const lines = security.locator('[data-right]')
    await lines.first().waitFor(WAIT)
    await look(security, 'labels-list')
    await lines.first().getByRole('button', { name: 'Change' }).click()
    await security.getByRole('dialog').locator('button[type=submit]').click() // a page that was loaded anew asks for the proof again
    await security.getByRole('dialog').getByLabel('Psychiatry').check(WAIT)
    await security.getByRole('dialog').getByText('takes two persons').waitFor(WAIT)
    await look(security, 'labels-change')
    await security.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await card.getByText('Is to open: Psychiatry').waitFor(WAIT)
    await look(security, 'labels-wait')
    await auditor.goto(`${server.base}/app/access/role-requests`)
    await auditor.getByRole('button', { name: '确认授予' }).click(WAIT)
    await proof.locator('button[type=submit]').click()
    await proof.getByText('可见：').waitFor(WAIT)
    await look(auditor, 'labels-confirm-zh')
    await proof.getByRole('button', { name: '确认授予' }).click()
    await auditor.getByText('没有等待确认的申请').waitFor(WAIT)
    await security.reload()
    await security.locator('[data-right]', { hasText: 'Psychiatry' }).waitFor(WAIT)
    await look(security, 'labels-opened')
    assert.deepEqual(trouble, [])
    assert.deepEqual(findings, [])
  } finally {
    await browser.close()
    await server.stop()
  }
})
