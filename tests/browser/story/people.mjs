// People of the demo network in one browser, each with a context of their own, and what went wrong on their pages.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'

const require = createRequire(new URL('../../package.json', import.meta.url))
const { chromium } = require('playwright-core')
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
export const DESK = { width: 1366, height: 768 }
export const PHONE = { width: 360, height: 740 }

export const launch = (flags = []) => chromium.launch({ executablePath: '/usr/bin/chromium', args: [...FLAGS, ...flags] })

export async function signIn(browser, base, login, { size = DESK, locale = 'en', permissions = [], trouble }) {
  const phone = size === PHONE
  const context = await browser.newContext({ viewport: size, locale, hasTouch: phone, isMobile: phone, reducedMotion: 'reduce', permissions })
  const page = await context.newPage()
  page.setDefaultTimeout(20_000)
  page.on('console', (message) => { if (message.type() === 'error') trouble.push(`${login}: ${message.text()} ${message.location().url}`) })
  page.on('pageerror', (error) => trouble.push(`${login}: ${error.stack}`))
  await page.goto(base + '/')
  await page.locator(`[data-login="${login}"]`).click()
  await page.waitForSelector('.s-shell')
  return page
}

/** What is on its way from another screen of a busy machine. */
export const WAIT = { timeout: 30_000 }

/** The JSON of a path of the server, as this person gets it. */
export const read = (page, path) => page.evaluate(async (url) => (await fetch(url)).json(), path)

/** Presses a move, fills its dialog and waits until it is made. */
export async function make(page, action, fill = async () => {}) {
  await page.locator(`[data-action=${action}]`).click(WAIT)
  const dialog = page.getByRole('dialog')
  await fill(dialog)
  await dialog.locator('button[type=submit]').click()
  await dialog.waitFor({ state: 'detached', ...WAIT })
}

/** Fills the opinion form of the workspace, in English. */
export async function writeOpinion(expert, { findings, doNow, whenToSend, dangerSigns, actBy }) {
  await expert.getByLabel('Findings').fill(findings)
  await expert.getByLabel('What to do now').fill(doNow)
  await expert.getByLabel('When and how').fill(whenToSend)
  await expert.getByLabel('Danger signs').fill(dangerSigns)
  await expert.getByLabel('Whom to call').fill('Hub 000-5550100')
  await expert.getByRole('radio', { name: actBy }).check()
}

export async function signOpinion(expert) {
  await expert.getByRole('button', { name: 'Sign the opinion' }).click()
  await expert.getByRole('dialog').getByRole('button', { name: 'Sign the opinion' }).click()
  await expert.getByRole('dialog').waitFor({ state: 'detached', ...WAIT })
}

/** A page wider than its window and what hangs over its edge, as lines of text. */
export const overflowing = (page) => page.evaluate(() => {
  const wide = document.documentElement.scrollWidth > window.innerWidth ? [`wider than the window: ${document.documentElement.scrollWidth}`] : []
  // A frame that clips hides what hangs over; what scrolls by itself, and what only a reader of the screen gets, may be wide.
  const mayBeWide = (one) => { for (let up = one; up; up = up.parentElement) if (/auto|scroll/.test(getComputedStyle(up).overflowX) || up.matches('.q-visually-hidden, .q-skip, canvas')) return true; return false }
  const over = [...document.querySelectorAll('#main *, dialog *')].filter((one) => one.getClientRects().length > 0 && one.getBoundingClientRect().right > window.innerWidth + 1 && !mayBeWide(one))
  if (over.length > 0) wide.push(`hangs over the right edge: ${over[0].outerHTML.slice(0, 160)}`)
  return wide
})

/** Serious and critical findings of axe, as lines of text. @param rules  all of WCAG 2.2 A and AA when empty */
export async function axeFindings(page, rules = []) {
  await page.evaluate(axe)
  return page.evaluate(async (rules) => {
    const result = await window.axe.run(document, { runOnly: rules.length > 0 ? { type: 'rule', values: rules } : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })
    return result.violations.filter((row) => ['serious', 'critical'].includes(row.impact)).map((row) => `${row.id}: ${row.nodes[0].html.slice(0, 160)} ${row.nodes[0].failureSummary?.split('\n')[1]?.trim() ?? ''}`)
  }, rules)
}

/** Both, under a name. */
export async function inspect(page, name) {
  return [...await overflowing(page), ...await axeFindings(page)].map((line) => `${name}: ${line}`)
}

/** A national ID of a region that is assigned to nobody, with its right check digit (GB 11643). */
export function nationalId(birth, sequence) {
  const first = `990000${birth}${String(sequence).padStart(3, '0')}`
  const sum = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2].reduce((total, weight, at) => total + weight * first[at], 0)
  return first + '10X98765432'[sum % 11]
}
