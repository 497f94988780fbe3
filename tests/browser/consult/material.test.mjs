// What a request carries beside photos: a spoken note (Chromium's beep as the microphone), an office file, and a photo that knew
// where it was taken. With SHOTS=<folder> each page is kept as a picture.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { startServer } from '../../support/server.mjs'
import { inspect, launch, PHONE, read, signIn, WAIT } from '../story/people.mjs'

const shots = process.env.SHOTS
const shot = async (page, name) => { if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true }) }

/** An archive of one empty file for each name, as a word processor's file is one. */
function archive(names) {
  const u16 = (value) => Buffer.from([value & 255, value >> 8])
  const u32 = (value) => Buffer.concat([u16(value & 0xffff), u16(value >>> 16)])
  let files = Buffer.alloc(0)
  let directory = Buffer.alloc(0)
  for (const name of names) {
    const text = Buffer.from(name)
    directory = Buffer.concat([directory, Buffer.from('PK\x01\x02'), Buffer.alloc(24), u16(text.length), Buffer.alloc(12), u32(files.length), text])
    files = Buffer.concat([files, Buffer.from('PK\x03\x04'), Buffer.alloc(22), u16(text.length), u16(0), text])
  }
  return Buffer.concat([files, directory, Buffer.from('PK\x05\x06'), Buffer.alloc(4), u16(names.length), u16(names.length), u32(directory.length), u32(files.length), u16(0)])
}

/** A JPEG with an Exif block: turned a quarter (orientation 6), at 30° 15' N 122° 10' E, by a camera with a name. */
function withPlace(jpeg) {
  const u16 = (value) => Buffer.from([value >> 8, value & 255])
  const u32 = (value) => Buffer.concat([u16(value >>> 16), u16(value & 0xffff)])
  const entry = (tag, type, count, value) => Buffer.concat([u16(tag), u16(type), u32(count), value])
  const rational = (...pairs) => Buffer.concat(pairs.flatMap(([a, b]) => [u32(a), u32(b)]))
  const camera = Buffer.from('IslandCam 7\0\0')
  const gpsAt = 8 + 2 + 3 * 12 + 4
  const dataAt = gpsAt + 2 + 4 * 12 + 4
  const ifd0 = Buffer.concat([u16(3), entry(0x0110, 2, camera.length, u32(dataAt)), entry(0x0112, 3, 1, Buffer.concat([u16(6), u16(0)])), entry(0x8825, 4, 1, u32(gpsAt)), u32(0)])
  const gps = Buffer.concat([u16(4), entry(1, 2, 2, Buffer.from('N\0\0\0')), entry(2, 5, 3, u32(dataAt + 14)), entry(3, 2, 2, Buffer.from('E\0\0\0')), entry(4, 5, 3, u32(dataAt + 38)), u32(0)])
  const data = Buffer.concat([camera, Buffer.alloc(1), rational([30, 1], [15, 1], [0, 1]), rational([122, 1], [10, 1], [0, 1])])
  const tiff = Buffer.concat([Buffer.from('MM\0*'), u32(8), ifd0, gps, data])
  const body = Buffer.concat([Buffer.from('Exif\0\0'), tiff])
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from([0xff, 0xe1]), u16(body.length + 2), body, jpeg.subarray(2)])
}

test('a voice note, a paper and a photo', async (t) => {
  const server = await startServer('demo')
  const browser = await launch(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required'])
  const folder = mkdtempSync(join(tmpdir(), 'qiao-material-'))
  t.after(async () => { await browser.close(); await server.stop(); rmSync(folder, { recursive: true, force: true }) })
  const trouble = []
  const findings = []
  const doctor = await signIn(browser, server.base, 'lin.haiyan', { size: PHONE, locale: 'en', permissions: ['microphone'], trouble })
  const caseId = (await read(doctor, '/flow/worklists/drafts')).rows[0].case
  await doctor.goto(`${server.base}/app/consult/${caseId}/request?step=material`)
  const attachments = async () => (await read(doctor, `/flow/cases/${caseId}`)).items.attachments
  const byKind = async (kind) => (await attachments()).find((one) => one.kind === kind)
  const until = async (look) => { for (let i = 0; i < 150; i++) { if (await look()) return; await new Promise((resolve) => setTimeout(resolve, 200)) } throw new Error(`not in time: ${look}`) }

  // A spoken note: level, time, heard again, sent.
  await doctor.getByRole('button', { name: 'Record a voice note' }).click(WAIT)
  await doctor.locator('[data-voice=recording]').waitFor(WAIT)
  await until(async () => Number(await doctor.locator('meter').getAttribute('value')) > 0)
  findings.push(...await inspect(doctor, 'recording'))
  await shot(doctor, 'voice-recording')
  await until(async () => /0:0[2-9]/.test(await doctor.locator('[data-voice=recording]').innerText()))
  await doctor.getByRole('button', { name: 'Stop' }).click()
  const preview = doctor.locator('[data-voice=made] audio')
  await preview.waitFor(WAIT)
  await preview.evaluate((audio) => audio.play())
  await until(() => preview.evaluate((audio) => audio.currentTime > 0))
  findings.push(...await inspect(doctor, 'recorded'))
  await shot(doctor, 'voice-made')
  await doctor.getByRole('button', { name: 'Send the voice note' }).click()
  await until(() => byKind('voice'))
  const note = await byKind('voice')
  assert.ok(note.seconds >= 2 && note.seconds <= 61, `${note.seconds} s`)
  assert.match(note.content_type, /^audio\/(webm|ogg)$/)
  await doctor.locator('.a-voice audio').waitFor(WAIT)
  await doctor.locator('.a-voice audio').evaluate((audio) => audio.play())
  await until(() => doctor.locator('.a-voice audio').evaluate((audio) => audio.currentTime > 0))

  // An office file is kept as it is and only downloaded; one with macros is refused.
  const paper = join(folder, 'discharge letter.docx')
  writeFileSync(paper, archive(['[Content_Types].xml', 'word/document.xml']))
  writeFileSync(join(folder, 'macro.docx'), archive(['[Content_Types].xml', 'word/document.xml', 'word/vbaProject.bin']))
  await doctor.locator('input[type=file][accept*=docx]').setInputFiles([paper, join(folder, 'macro.docx')])
  await doctor.getByRole('button', { name: /^Send 2 items/ }).click(WAIT)
  await until(() => byKind('document'))
  await doctor.getByText('Not a PDF or an office file, or one with macros').waitFor(WAIT)
  await shot(doctor, 'paper-refused')
  const kept = await byKind('document')
  const answer = await doctor.evaluate(async (url) => { const got = await fetch(url); return { disposition: got.headers.get('content-disposition'), policy: got.headers.get('content-security-policy'), bytes: [...new Uint8Array(await got.arrayBuffer())] } }, kept.url)
  assert.match(answer.disposition, /^attachment; filename="document-\d+\.docx"$/)
  assert.match(answer.policy, /sandbox/)
  assert.deepEqual(Buffer.from(answer.bytes), readFileSync(paper))
  const download = doctor.waitForEvent('download')
  await doctor.locator('a.a-file').first().click()
  assert.match((await download).suggestedFilename(), /\.docx$/)

  // A photo is turned as the camera meant it and forgets where it was taken.
  const flat = await doctor.evaluate(async () => {
    const canvas = document.createElement('canvas')
    canvas.width = 64
    canvas.height = 32
    canvas.getContext('2d').fillRect(0, 0, 64, 32)
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg'))
    return [...new Uint8Array(await blob.arrayBuffer())]
  })
  const photo = withPlace(Buffer.from(flat))
  assert.ok(photo.includes('Exif') && photo.includes('IslandCam'), 'the picture that goes in knows its place')
  writeFileSync(join(folder, 'wound.jpg'), photo)
  await doctor.locator('input[type=file][accept*="image/jpeg"]').last().setInputFiles(join(folder, 'wound.jpg'))
  await doctor.getByRole('button', { name: /^Send \d items?/ }).click(WAIT)
  await until(() => byKind('photo'))
  const shown = await byKind('photo')
  assert.deepEqual([shown.width, shown.height], [32, 64], 'turned a quarter')
  const bytes = Buffer.from(await doctor.evaluate(async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())], shown.url))
  assert.ok(!bytes.includes('Exif') && !bytes.includes('IslandCam'), 'no place, no camera')
  // And where a program sends the camera's own file, the server takes the story out.
  const raw = await doctor.evaluate(async ({ caseId: id, base64 }) => {
    const file = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const upload = crypto.randomUUID()
    const begun = await fetch(`/flow/cases/${id}/uploads`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ upload_id: upload, kind: 'photo', size_bytes: file.length, content_type: 'image/jpeg' }) })
    const half = Math.floor(file.length / 2)
    const url = `/flow/cases/${id}/uploads/${(await begun.json()).upload}`
    const piece = (at, part) => fetch(url, { method: 'PATCH', headers: { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(at) }, body: part })
    await piece(0, file.slice(0, half))
    const done = await (await piece(half, file.slice(half))).json()
    return [...new Uint8Array(await (await fetch(done.attachment.url)).arrayBuffer())]
  }, { caseId, base64: photo.toString('base64') })
  assert.ok(!Buffer.from(raw).includes('Exif') && !Buffer.from(raw).includes('IslandCam') && Buffer.from(raw).length > 200)
  findings.push(...await inspect(doctor, 'material'))
  await shot(doctor, 'material')
  assert.deepEqual(trouble.filter((line) => !/status of 422/.test(line)), [])
  assert.deepEqual(findings, [])
})
