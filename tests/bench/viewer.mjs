// The viewer on the head CT of the demo network, and how fast one screen follows another. Prints figures, judges nothing.
// usage: QIAO_BINARY=build/release/qiao node tests/bench/viewer.mjs [rounds]
import { availableParallelism, loadavg } from 'node:os'
import { startServer } from '../support/server.mjs'
import { DESK, launch, signIn } from '../browser/story/people.mjs'

const rounds = Number(process.argv[2] ?? 5)
const kWait = { timeout: 120_000 }
const sorted = (values) => [...values].sort((a, b) => a - b)
const line = (what, values, unit = 'ms') => {
  const all = sorted(values)
  console.log(`${what}: median ${Math.round(all[all.length >> 1])} ${unit}, all ${all.map(Math.round).join(' ')}`)
}

const server = await startServer('demo')
const browser = await launch()
const people = { size: DESK, locale: 'en', trouble: [] }

/** Waits in the page itself, frame by frame: milliseconds since `begun` until an image is drawn. */
const firstSlice = (page, begun) => page.evaluate((start) => new Promise((resolve) => {
  const look = () => (document.querySelector('.iv[data-shown="0"]') ? requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now() - start)) : requestAnimationFrame(look))
  look()
}), begun)

/** From the press on "open images" in the case; a new browser profile each time, so the viewer's code is not there yet. */
async function openings() {
  const fromCase = []
  const fromList = []
  for (let round = 0; round < rounds; round += 1) {
    for (const [times, way] of [[fromCase, 'case'], [fromList, 'list']]) {
      const page = await signIn(browser, server.base, 'zhou.mingyuan', people)
      const { rows } = await page.evaluate(async () => (await fetch('/flow/worklists/writing')).json())
      const link = page.locator(`a[href="/app/consult/${rows[0].case}"]:visible`).first()
      await link.waitFor(kWait)
      let begun = Date.now()
      await link.click()
      const open = page.locator('[data-action=sign]')
      await open.waitFor(kWait)
      if (way === 'case') {
        await page.waitForTimeout(2000) // a person reads the request first
        begun = Date.now()
      }
      await open.click()
      times.push(await firstSlice(page, begun))
      await page.context().close()
    }
  }
  line('first slice after pressing "sign the opinion" in a case that was read for 2 s', fromCase)
  line('first slice after opening the case from the list and going on at once', fromList)
}

/** One wheel notch a frame through the whole series and back, all images loaded. */
async function scrolling() {
  const page = await signIn(browser, server.base, 'zhou.mingyuan', people)
  const { rows } = await page.evaluate(async () => (await fetch('/flow/worklists/writing')).json())
  await page.goto(`${server.base}/app/consult/${rows[0].case}/workspace`)
  const begun = Date.now()
  await page.locator('.iv-loaded[data-loaded="108"]').waitFor(kWait)
  console.log(`all 108 images loaded ${Date.now() - begun} ms after the page`)
  const waits = await page.evaluate(async () => {
    const pane = document.querySelector('.iv-canvas')
    const viewer = document.querySelector('.iv')
    const times = []
    for (let count = 0; count < 200; count += 1) {
      const before = viewer.dataset.shown
      const start = performance.now()
      pane.dispatchEvent(new WheelEvent('wheel', { deltaY: count < 100 ? 120 : -120, bubbles: true, cancelable: true }))
      while (viewer.dataset.shown === before) await new Promise((resolve) => requestAnimationFrame(resolve))
      times.push(performance.now() - start)
    }
    return times
  })
  const all = sorted(waits)
  console.log(`scrolling, notch to image: median ${all[100].toFixed(0)} ms, 99th percentile ${all[197].toFixed(0)} ms, worst ${all.at(-1).toFixed(0)} ms; ${(200_000 / waits.reduce((sum, one) => sum + one, 0)).toFixed(0)} images/s`)
  await page.context().close()
}

/** A message of the doctor on the expert's open page, a message of the expert on the doctor's. */
async function following() {
  const doctor = await signIn(browser, server.base, 'lin.haiyan', people)
  const expert = await signIn(browser, server.base, 'zhou.mingyuan', people)
  const { rows } = await expert.evaluate(async () => (await fetch('/flow/worklists/writing')).json())
  for (const page of [doctor, expert]) {
    await page.goto(`${server.base}/app/consult/${rows[0].case}`)
    await page.locator('form textarea').first().waitFor(kWait)
  }
  const times = []
  for (let round = 0; round < 2 * rounds; round += 1) {
    const [from, to] = round % 2 ? [doctor, expert] : [expert, doctor]
    const text = `message ${round} ${Date.now()}`
    await from.locator('form textarea').first().fill(text)
    const seen = to.evaluate((wanted) => new Promise((resolve) => {
      const look = () => (document.body.innerText.includes(wanted) ? resolve(Date.now()) : setTimeout(look, 4))
      look()
    }), text)
    const begun = Date.now()
    await from.getByRole('button', { name: 'Send' }).click()
    times.push((await seen) - begun)
  }
  line('a message on the other screen after the press', times)
}

console.log(`cores ${availableParallelism()}, load ${loadavg()[0].toFixed(1)}`)
await openings()
await scrolling()
await following()
console.log(`load ${loadavg()[0].toFixed(1)}`)
if (people.trouble.length > 0) console.log(people.trouble.join('\n'))
await browser.close()
await server.stop()
