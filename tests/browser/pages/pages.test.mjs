// Every page × {360×740, 768×1024, 1366×768, 1920×1080} × {zh-CN, en}, as a person who works there sees it on the demo network: no
// console error, nothing wider than the window, axe without serious findings, no key in place of a text. The list of pages is the
// router's own: a page that PAGES does not know fails.  PAGES_SHOTS=folder keeps the screenshots, PAGES_ONLY=regex takes some pages.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { root, startServer } from '../../support/server.mjs'
import { axeFindings, DESK, launch, overflowing, PHONE, signIn } from '../story/people.mjs'
import { AUDIT, caseOf, COORDINATOR, DOCTOR, EXPERT, gatewayOf, inCase, MANAGER, patientOf, PRIVACY, SECURITY, SYSTEM } from './demo_pages.mjs'

const shots = process.env.PAGES_SHOTS
const SIZES = [PHONE, { width: 768, height: 1024 }, DESK, { width: 1920, height: 1080 }]
const LANGUAGES = ['zh-CN', 'en']
/** Route of the router → who looks at it, and its addresses. */
const PAGES = {
  'today': [[DOCTOR, '/app/today'], [COORDINATOR, '/app/today'], [EXPERT, '/app/today'], [MANAGER, '/app/today'], [SECURITY, '/app/today']],
  'list/:name': [[DOCTOR, '/app/list/requested'], [COORDINATOR, '/app/list/desk'], [EXPERT, '/app/list/offers'], [DOCTOR, '/app/list/closed']],
  'patients': [[DOCTOR, '/app/patients']],
  'patients/new': [[DOCTOR, '/app/patients/new']],
  'patients/new/:registration': [[DOCTOR, '/app/patients/new/5f0c1c0e-6a0f-4a53-9d0b-1f6f7c1b2a12']],
  'patients/duplicates': [[DOCTOR, '/app/patients/duplicates']],
  'patients/:id': [[DOCTOR, async (page) => `/app/patients/${await patientOf(page)}`]],
  'consult/new': [[DOCTOR, async (page) => `/app/consult/new?patient=${await patientOf(page)}`]],
  'cases/:id': [[DOCTOR, async (page) => `/app/cases/${await caseOf(page, 'requested')}`]],
  'consult/new/:createId': [[DOCTOR, '/app/consult/new/5f0c1c0e-6a0f-4a53-9d0b-1f6f7c1b2a11']],
  'consult/:id': [[DOCTOR, inCase('requested')], [DOCTOR, inCase('closed')], [COORDINATOR, inCase('desk')], [EXPERT, inCase('writing')]],
  'consult/:id/request': [[DOCTOR, inCase('drafts', '/request')]],
  'consult/:id/images': [[EXPERT, inCase('writing', '/images')]],
  'consult/:id/workspace': [[EXPERT, inCase('writing', '/workspace')]],
  'consult/clinic-card': [[DOCTOR, '/app/consult/clinic-card']],
  'imaging/unmatched': [[COORDINATOR, '/app/imaging/unmatched']],
  'imaging/devices': [[SYSTEM, '/app/imaging/devices']],
  'imaging/gateways': [[SYSTEM, '/app/imaging/gateways']],
  'imaging/gateways/:id': [[SYSTEM, async (page) => `/app/imaging/gateways/${await gatewayOf(page)}`]],
  'board': [[COORDINATOR, '/app/board']],
  'figures': [[MANAGER, '/app/figures']],
  'statement': [[MANAGER, '/app/statement']],
  'access/roster': [[MANAGER, '/app/access/roster']],
  'access/contracts': [[MANAGER, '/app/access/contracts'], [DOCTOR, '/app/access/contracts']],
  'access/people': [[SECURITY, '/app/access/people']],
  'access/contact': [[DOCTOR, '/app/access/contact']],
  'access/me': [[DOCTOR, '/app/access/me']],
  'oidc': [[DOCTOR, '/app/oidc']],
  'access/role-requests': [[SECURITY, '/app/access/role-requests']],
  'access/resets': [[SECURITY, '/app/access/resets']],
  'operations/notifications': [[SYSTEM, '/app/operations/notifications']],
  'operations/state': [[SYSTEM, '/app/operations/state']],
  'operations/setup': [[SYSTEM, '/app/operations/setup']],
  'access/certificates': [[SECURITY, '/app/access/certificates']],
  'access/audit': [[PRIVACY, '/app/access/audit'], [AUDIT, '/app/access/audit']],
  'access/label-rights': [[SECURITY, '/app/access/label-rights']],
  'access/looks': [[PRIVACY, '/app/access/looks']],
  'access/odd-looks': [[PRIVACY, '/app/access/odd-looks']],
  'access/break-glass': [[DOCTOR, '/app/access/break-glass']],
  'access/glass-reviews': [[PRIVACY, '/app/access/glass-reviews']],
  'access/patient-requests': [[PRIVACY, '/app/access/patient-requests']],
  'record': [[DOCTOR, '/app/record?type=Observation'], [SYSTEM, '/app/record']],
  'record/bulk': [[SYSTEM, '/app/record/bulk'], [MANAGER, '/app/record/bulk']],
  'record/subscriptions': [[SYSTEM, '/app/record/subscriptions']],
  'record/:type/:id': [[DOCTOR, async (page) => `/app/record/Patient/${await patientOf(page)}`], [MANAGER, '/app/record/Organization/demo-county?tab=history']],
  'help': [[DOCTOR, '/app/help']],
  'operations/backups': [[SYSTEM, '/app/operations/backups']],
}

/** The paths below /app, nested ones joined: what `web/app/router.tsx` says. */
function routesOfRouter() {
  const text = readFileSync(join(root, 'web/app/router.tsx'), 'utf8')
  const found = []
  let parent = ''
  for (const line of text.slice(text.indexOf("path: '/app'")).split('\n')) {
    const path = /path: '([^'/*][^'*]*)'/.exec(line)?.[1]
    if (path && /^\s*path: /.test(line)) { parent = path; continue }
    if (path) found.push(parent && /^ {14}/.test(line) ? `${parent}/${path}` : path)
    if (/index: true/.test(line) && parent && /^ {14}/.test(line)) found.push(parent)
    if (/^ {10}},/.test(line)) parent = ''
  }
  return found
}

const only = process.env.PAGES_ONLY ? new RegExp(process.env.PAGES_ONLY) : /./
/** The dark theme is looked at in one size and one language: what it can spoil is contrast. */
const DARK_IN = 'en'
async function darkFindings(page) {
  const scheme = (next) => page.evaluate((to) => { const html = document.documentElement; const was = html.dataset.mantineColorScheme; html.dataset.mantineColorScheme = to; return was }, next)
  const was = await scheme('dark')
  const found = await axeFindings(page, ['color-contrast'])
  if (shots) await page.screenshot({ path: join(shots, `dark-${new URL(page.url()).pathname.replace(/[^\w]+/g, '-')}.png`) })
  await scheme(was)
  return found
}
const KEY = /(^|\s)(app|access|cases|consult|fhir|flow|help|imaging|operations|patients)\.[a-z_]+(\.[a-z_]+)*(\s|$)/

async function look(page, base, path, language, name, trouble) {
  await page.goto(base + path)
  try {
    await page.locator('main h1, main [data-page]').first().waitFor()
  } catch {
    return [`${name}: no heading on ${page.url()}: ${(await page.locator('body').innerText()).slice(0, 300)}`, ...trouble.splice(0)]
  }
  await page.waitForLoadState('networkidle')
  const found = []
  const lang = await page.evaluate(() => document.documentElement.lang)
  if (lang !== language) found.push(`${name}: is in ${lang}`)
  for (const size of SIZES) {
    await page.setViewportSize(size)
    // What depends on the width is drawn anew in the next frames.
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))))
    const at = `${name} ${size.width}`
    found.push(...(await overflowing(page)).map((line) => `${at}: ${line}`))
    if (size === PHONE || size === DESK) found.push(...(await axeFindings(page)).map((line) => `${at}: ${line}`))
    if (size === DESK && language === DARK_IN) found.push(...(await darkFindings(page)).map((line) => `${at} dark: ${line}`))
    if (shots) await page.screenshot({ path: join(shots, `${at.replace(/[^\w]+/g, '-')}.png`), fullPage: size === PHONE })
  }
  const key = KEY.exec(await page.locator('body').innerText())
  if (key) found.push(`${name}: a key in place of a text: ${key[0].trim()}`)
  found.push(...trouble.splice(0).map((line) => `${name}: ${line}`))
  return found
}

test('every page in every size and language', async () => {
  const routes = routesOfRouter()
  assert.deepEqual(routes.filter((route) => !(route in PAGES)), [], 'each page of the router has a line here')
  assert.deepEqual(Object.keys(PAGES).filter((route) => !routes.includes(route)), [], 'each line here is a page of the router')
  const server = await startServer('demo')
  const browser = await launch()
  const found = []
  try {
    for (const language of LANGUAGES) {
      const people = new Map()
      for (const [route, visits] of Object.entries(PAGES).filter(([route]) => only.test(route))) {
        for (const [login, address] of visits) {
          const trouble = people.get(login)?.trouble ?? []
          if (!people.has(login)) people.set(login, { trouble, page: await signIn(browser, server.base, login, { locale: language, trouble }) })
          const { page } = people.get(login)
          await page.setViewportSize(DESK)
          const path = typeof address === 'string' ? address : await address(page)
          found.push(...await look(page, server.base, path, language, `${language} ${login} ${route}${typeof address === 'string' ? ` ${address.split('/').pop()}` : ''}`, trouble))
        }
      }
      for (const { page } of people.values()) await page.context().close()
    }
  } finally {
    await browser.close()
    await server.stop()
  }
  assert.deepEqual(found, [])
})
