// From the sign-in to the signed opinion with the keyboard alone: nothing is clicked, what has the focus shows it, the first Tab is
// the skip link, Escape closes a dialog and gives the focus back.
import assert from 'node:assert/strict'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { DESK, launch, read, WAIT } from '../story/people.mjs'

const kMostTabs = 250

/** Presses Tab until the focus is on `selector`; every stop on the way must be seen to have the focus. */
async function tabTo(page, selector) {
  for (let n = 0; n < kMostTabs; n++) {
    const stop = await page.evaluate((wanted) => {
      const one = document.activeElement
      const style = getComputedStyle(one)
      const shown = style.outlineStyle !== 'none' || style.boxShadow !== 'none' || one === document.body || one.closest(':focus-within:not(body):not(html)') !== one
      return { there: one.matches(wanted), shown: shown || one.matches('canvas, summary'), html: one.outerHTML.slice(0, 120) }
    }, selector)
    if (stop.there) {
      assert.ok(stop.shown, `the focus is not seen on ${stop.html}`)
      return
    }
    await page.keyboard.press('Tab')
  }
  assert.fail(`no Tab reaches ${selector}`)
}

async function press(page, selector, key = 'Enter') {
  await page.locator(selector).first().waitFor(WAIT)
  await tabTo(page, selector)
  await page.keyboard.press(key)
}

async function write(page, label, text) {
  const id = await page.getByLabel(label).first().getAttribute('id', WAIT)
  await tabTo(page, `[id="${id}"]`)
  await page.keyboard.type(text)
}

test('with the keyboard alone', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const page = await (await browser.newContext({ viewport: DESK, locale: 'en', reducedMotion: 'reduce' })).newPage()
  const trouble = []
  page.on('console', (message) => { if (message.type() === 'error') trouble.push(message.text()) })
  page.on('pageerror', (error) => trouble.push(String(error.stack)))
  await page.goto(server.base)
  await press(page, '[data-login="zhou.mingyuan"]')
  await page.waitForSelector('.s-shell', WAIT)
  const id = (await read(page, '/flow/worklists/writing')).rows[0].case

  await page.goto(`${server.base}/app/today`)
  await page.locator('main h1').waitFor(WAIT)
  await page.waitForLoadState('networkidle')
  await page.keyboard.press('Tab')
  assert.equal(await page.evaluate(() => document.activeElement.className), 'q-skip', 'the first Tab is the skip link')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'it leads past the navigation')

  await press(page, `main a[href="/app/consult/${id}"]`)
  await press(page, '[data-action=sign]')
  await page.waitForURL(/workspace/, WAIT)
  await write(page, 'Findings', 'No bleeding seen.')
  await write(page, 'What to do now', 'Observe, head up')
  await write(page, 'When and how', 'Today by the ferry')
  await write(page, 'Danger signs', 'Vomiting, drowsiness')
  await write(page, 'Whom to call', 'Hub 000-5550100')
  const today = page.locator('input[type=radio][value=today]')
  await press(page, 'input[type=radio][value=now]', 'Space')
  while (!(await today.isChecked())) await page.keyboard.press('ArrowDown')
  const seen = page.locator('.ws-seen input')
  for (let n = 0; n < (await seen.count()); n++) {
    const value = await seen.nth(n).getAttribute('value')
    if (!(await seen.nth(n).isChecked())) await press(page, `.ws-seen input[value="${value}"]`, 'Space')
  }
  const button = page.getByRole('button', { name: 'Sign the opinion' })
  await button.evaluate((one) => one.setAttribute('data-test', 'sign'))
  await press(page, '[data-test=sign]')
  const dialog = page.getByRole('dialog')
  await dialog.waitFor(WAIT)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached', ...WAIT })
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('data-test')), 'sign', 'a closed dialog gives the focus back')
  await page.keyboard.press('Enter')
  await dialog.getByRole('button', { name: 'Sign the opinion' }).evaluate((one) => one.setAttribute('data-test', 'really'))
  await press(page, '[data-test=really]')
  await dialog.waitFor({ state: 'detached', ...WAIT })
  assert.equal((await read(page, `/flow/cases/${id}`)).state, 'opinion_signed')
  assert.deepEqual(trouble, [])
})
