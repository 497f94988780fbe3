// Makes the pictures of the help pages anew from the demo network: node tests/browser/pages/pictures.mjs
import { join } from 'node:path'
import { root, startServer } from '../../support/server.mjs'
import { DESK, launch, signIn } from '../story/people.mjs'
import { COORDINATOR, DOCTOR, EXPERT, inCase, MANAGER, patientOf, SECURITY, SYSTEM } from './demo_pages.mjs'

/** Name of the picture → who looks, and where. */
const PICTURES = {
  today: [DOCTOR, '/app/today'],
  register: [DOCTOR, '/app/patients/new'],
  patient: [DOCTOR, async (page) => `/app/patients/${await patientOf(page)}`],
  request: [DOCTOR, inCase('drafts', '/request')],
  case: [DOCTOR, inCase('requested')],
  opinion: ['guo.daoming', inCase('inbox')],
  desk: [COORDINATOR, '/app/list/desk'],
  unmatched: [COORDINATOR, '/app/imaging/unmatched'],
  board: [MANAGER, '/app/board'],
  offers: ['cao.siyuan', '/app/list/offers'],
  workspace: [EXPERT, inCase('writing', '/workspace')],
  contact: [EXPERT, '/app/access/contact'],
  roster: [MANAGER, '/app/access/roster'],
  figures: [MANAGER, '/app/figures'],
  contracts: [MANAGER, '/app/access/contracts'],
  statement: [MANAGER, '/app/statement'],
  setup: [SYSTEM, '/app/operations/setup'],
  devices: [SYSTEM, '/app/imaging/devices'],
  notifications: [SYSTEM, '/app/operations/notifications'],
  backups: [SYSTEM, '/app/operations/backups'],
  people: [SECURITY, '/app/access/people'],
}
const QUALITY_PERCENT = 45

const server = await startServer('demo')
const browser = await launch()
try {
  for (const language of ['zh-CN', 'en']) {
    const people = new Map()
    for (const [name, [login, address]] of Object.entries(PICTURES)) {
      if (!people.has(login)) people.set(login, await signIn(browser, server.base, login, { size: DESK, locale: language, trouble: [] }))
      const page = people.get(login)
      await page.goto(server.base + (typeof address === 'string' ? address : await address(page)))
      await page.locator('main h1, main [data-page]').first().waitFor()
      await page.waitForLoadState('networkidle')
      await page.screenshot({ path: join(root, 'web/services/help/pictures', `${name}.${language}.jpg`), type: 'jpeg', quality: QUALITY_PERCENT })
    }
    for (const page of people.values()) await page.context().close()
  }
} finally {
  await browser.close()
  await server.stop()
}
