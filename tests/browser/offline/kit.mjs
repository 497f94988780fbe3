// What the tests without a line share: a phone made ready for it, and everything that a browser keeps.
import { PHONE, signIn, WAIT } from '../story/people.mjs'

export const DOCTOR = 'shi.chunmei'
export const PIN = '258034'

/** The worker rules this page: it starts without a server from now on. Asked in turns: a waiting predicate may not wait itself. */
export const workerRules = (page) => page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated', undefined, { timeout: 60_000 })

/** Everything that the browser keeps for this origin, as text: IndexedDB, caches, local and session storage. */
export const kept = (page) => page.evaluate(async () => {
  const decoder = new TextDecoder()
  const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)]
  const flat = (value) => {
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) texts.push(decoder.decode(value))
    else if (value && typeof value === 'object' && !(value instanceof CryptoKey)) Object.values(value).forEach(flat)
    else texts.push(String(value))
  }
  const rows = {}
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve, reject) => { const opening = indexedDB.open(name); opening.onsuccess = () => resolve(opening.result); opening.onerror = reject })
    for (const store of database.objectStoreNames) {
      const all = await new Promise((resolve, reject) => { const asked = database.transaction(store).objectStore(store).getAll(); asked.onsuccess = () => resolve(asked.result); asked.onerror = reject })
      rows[store] = all.map((row) => row?.id ?? '')
      flat(all)
    }
    database.close()
  }
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) if (!/\/assets\//.test(request.url)) texts.push(request.url, await (await caches.match(request)).text())
  }
  return { text: texts.join('\n'), rows }
})

/** Waits until what is kept is so. */
export async function keptUntil(page, is) {
  for (let i = 0; i < 120; i++) {
    const { rows } = await kept(page)
    if (is(rows)) return rows
    await page.waitForTimeout(500)
  }
  throw new Error(`not so: ${is}\n${JSON.stringify((await kept(page)).rows)}`)
}
export const keptReads = (page, ending) => keptUntil(page, (rows) => rows.reads?.some((id) => id.endsWith(ending)))

export async function setPin(page, base) {
  await page.goto(`${base}/app/access/me`)
  await page.getByRole('button', { name: 'Set an offline PIN' }).click(WAIT)
  await page.getByLabel('New PIN').fill('123456')
  await page.getByText('Too short, or guessed first.').waitFor(WAIT)
  await page.getByLabel('New PIN').fill(PIN)
  await page.getByLabel('Once more').fill(PIN)
  await page.getByRole('dialog').getByRole('button', { name: 'Keep' }).click()
  await page.getByText('Set on this device.', { exact: true }).waitFor(WAIT)
}

export async function unlock(page, pin = PIN) {
  await page.getByLabel('Offline PIN').fill(pin)
  await page.getByRole('button', { name: 'Open', exact: true }).click()
}

export const photo = async (page) => ({
  name: 'photo.jpg', mimeType: 'image/jpeg',
  buffer: Buffer.from(await page.evaluate(() => {
    const canvas = document.createElement('canvas')
    canvas.width = 900; canvas.height = 600
    const pen = canvas.getContext('2d')
    for (let i = 0; i < 300; i++) { pen.fillStyle = `hsl(${i * 11},60%,50%)`; pen.fillRect((i * 97) % 900, (i * 53) % 600, 90, 70) }
    return canvas.toDataURL('image/jpeg').split(',')[1]
  }), 'base64'),
})

/** The patient whom the lists without a line name first. */
export const firstPatient = (page) => page.evaluate(async () => {
  const one = (await (await fetch('/fhir/Patient?_sort=-_lastUpdated&_count=1')).json()).entry[0].resource
  return { id: one.id, name: one.name[0].text }
})

/** Ready for a day without a line: the application kept, a PIN set, the lists for a new request kept. */
export async function prepare(browser, base, size = PHONE) {
  const page = await signIn(browser, base, DOCTOR, { size, trouble: [] })
  await page.locator('.t-tiles').waitFor(WAIT)
  await workerRules(page)
  await setPin(page, base)
  await page.goto(`${base}/app/today`)
  await page.locator('.t-tiles').waitFor(WAIT)
  const patient = await firstPatient(page)
  await keptReads(page, `|patient:${patient.id}`)
  return { page, patient }
}

/** Begins a request for this patient on the page of a new consultation. */
export async function begin(page, patient) {
  await page.getByRole('link', { name: 'Qiao' }).first().click()
  await page.getByRole('link', { name: 'New consultation' }).click()
  await page.getByText(patient.name).first().click()
  await page.getByLabel('Receiving hospital').selectOption('Organization/demo-hub')
  await page.getByRole('button', { name: 'Begin' }).click()
}

/** For people who look at the pages: QIAO_SHOTS=folder. */
export const shot = async (page, name) => { if (process.env.QIAO_SHOTS) await page.screenshot({ path: `${process.env.QIAO_SHOTS}/${name}.png` }) }
