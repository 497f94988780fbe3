// Each page offers the moves that the server allows this person, no more and no fewer, in every state of the demo network; and two
// coordinators act on one case at once: the second is told what happened and loses nothing of what was written.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { inspect, launch, make, read, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.SHOTS
const shot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true }) }
/** Moves that a step of the request offers, not its last page. */
const ELSEWHERE = new Set(['call_emergency', 'refuse_consent'])

test('moves and two people', async (t) => {
  const server = await startServer('demo')
  const browser = await launch()
  t.after(async () => { await browser.close(); await server.stop() })
  const trouble = []

  await t.test('every state of the demo, every role: what is shown is what is allowed', async () => {
    const states = new Set()
    const wrong = []
    for (const login of ['su.wenting', 'lin.haiyan', 'he.qiushi', 'zeng.wanli', 'kong.delin', 'ding.rui', 'guo.daoming', 'shi.chunmei', 'ou.meizhen', 'ren.guohua', 'zhou.mingyuan', 'shen.yijun', 'tan.xueqin', 'qiu.zhengyang', 'cao.siyuan']) {
      const page = await signIn(browser, server.base, login, { trouble })
      const { worklists } = await read(page, '/flow/worklists')
      const seen = new Set()
      for (const { name, count } of worklists) {
        if (count === 0) continue
        for (const row of (await read(page, `/flow/worklists/${name}?count=100`)).rows) {
          // One case of each state and list is enough: the rows of the table do not know of more.
          const key = `${row.state}:${name}`
          if (seen.has(key)) continue
          seen.add(key)
          states.add(row.state)
          const view = await read(page, `/flow/cases/${row.case}`)
          const allowed = view.moves.map((move) => move.action).filter((action) => !ELSEWHERE.has(action)).sort()
          const draft = view.state === 'draft'
          await page.goto(`${server.base}/app/consult/${row.case}${draft ? '/request?step=review' : ''}`)
          await page.locator('h1').first().waitFor(WAIT)
          if (draft) await page.locator('details summary').click()
          if (allowed.length > 0) await page.locator(`[data-action=${allowed[0]}]`).first().waitFor(WAIT)
          const shown = [...new Set(await page.locator('#main [data-action]').evaluateAll((buttons) => buttons.map((one) => one.dataset.action)))].filter((action) => !ELSEWHERE.has(action)).sort()
          if (JSON.stringify(shown) !== JSON.stringify(allowed)) wrong.push(`${login} ${row.state}: shown ${shown} allowed ${allowed}`)
        }
      }
      await page.context().close()
    }
    assert.deepEqual(wrong, [])
    for (const state of ['draft', 'office_check', 'material_check', 'returned', 'scheduled', 'confirmed', 'ready', 'answering', 'in_session', 'interrupted', 'no_show', 'opinion_draft', 'opinion_signed', 'filed', 'feedback_due', 'closed', 'rejected', 'cancelled']) {
      assert.ok(states.has(state), `the demo has a case in ${state}`)
    }
    assert.deepEqual(trouble, [])
  })

  await t.test('two coordinators on one case', async () => {
    const [first, second] = await Promise.all(['su.wenting', 'han.yue'].map((login) => signIn(browser, server.base, login, { trouble })))
    const caseId = (await read(first, '/flow/worklists/desk')).rows.find((row) => row.specialty === 'cardiology').case
    const page = `${server.base}/app/consult/${caseId}`
    await Promise.all([first.goto(page), second.goto(page)])
    // The second reads and writes; nothing from the server comes through to that page meanwhile.
    await second.locator('[data-action=reject]').click(WAIT)
    const dialog = second.getByRole('dialog')
    await dialog.getByRole('radio').first().check()
    const words = 'Please call the county hospital: they have the earlier ECG'
    await dialog.getByLabel(/Reason/).last().fill(words)
    let release
    const held = new Promise((resolve) => { release = resolve })
    await second.route('**/$move', async (route) => { await held; await route.continue() })
    await dialog.locator('button[type=submit]').click()
    await make(first, 'schedule', async (own) => {
      await own.getByRole('textbox').first().fill('Qian Hao')
      await own.locator('.x-list').getByRole('checkbox', { name: 'Qian Hao' }).check(WAIT)
    })
    release()
    await dialog.getByRole('alert').first().waitFor(WAIT)
    const told = await dialog.innerText()
    assert.match(told, /Su Wenting/, 'by whom')
    assert.equal(await dialog.getByLabel(/Reason/).last().inputValue(), words, 'what was written is still there')
    assert.ok(await dialog.locator('button[type=submit]').isDisabled(), 'the move is not open any more')
    const findings = await inspect(second, 'conflict')
    await shot(second, 'two-people')
    await second.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await second.locator('.q-chip', { hasText: 'Experts asked' }).first().waitFor(WAIT)
    assert.equal((await read(second, `/flow/cases/${caseId}`)).state, 'scheduled')
    assert.deepEqual(findings, [])
    assert.deepEqual(trouble.filter((line) => !/status of 412/.test(line)), [])
  })
})
