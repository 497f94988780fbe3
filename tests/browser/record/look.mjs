// One state of a page at each size: looked at for what a person would trip over, and with SHOTS=<folder> kept as a picture.
import { mkdirSync } from 'node:fs'
import { DESK, inspect, PHONE } from '../story/people.mjs'

const shots = process.env.SHOTS
if (shots) mkdirSync(shots, { recursive: true })

export async function look(page, name, findings, sizes = [PHONE, DESK]) {
  for (const size of sizes) {
    await page.setViewportSize(size)
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50))))
    findings.push(...await inspect(page, `${name} ${size.width}`))
    if (shots) await page.screenshot({ path: `${shots}/${name}-${size.width}.png`, fullPage: true })
  }
}
