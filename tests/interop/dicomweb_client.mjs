// The archive as seen by an unmodified DICOMweb client from npm: store, search, metadata, instances, frames.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { gunzipSync, inflateRawSync } from 'node:zlib'
import { api } from 'dicomweb-client'
import { chromium } from 'playwright-core'
import { root, startServer } from '../support/server.mjs'
import { XhrOnFetch } from '../support/xhr.mjs'

globalThis.XMLHttpRequest = XhrOnFetch

const MAKE = `
import sys; sys.path.insert(0, sys.argv[1]); import dicom, pathlib
for n in range(1, 4):
    sop = dicom.ROOT + '.77.1.%d' % n
    pathlib.Path(sys.argv[2], '%d.dcm' % n).write_bytes(dicom.part10(dicom.dataset(sop, dicom.ROOT + '.77.1', dicom.ROOT + '.77', number=n, name='SHEN^YUE', patient_id='DW-1'), sop))
`

test('dicomweb-client', async (t) => {
  const server = await startServer('demo')
  const folder = mkdtempSync(join(tmpdir(), 'qiao-dicomweb-'))
  t.after(async () => { await server.stop(); rmSync(folder, { recursive: true, force: true }) })
  const token = await server.integrationToken()
  const client = new api.DICOMwebClient({ url: `${server.base}/dicomweb`, headers: { Authorization: `Bearer ${token}` } })
  execFileSync('python3', ['-c', MAKE, join(root, 'tests/support'), folder])
  const files = [1, 2, 3].map((number) => readFileSync(join(folder, `${number}.dcm`)))
  const datasets = files.map((file) => file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength))
  const study = '2.25.300700900.77'

  await t.test('store and search', async () => {
    await client.storeInstances({ datasets })
    const found = await client.searchForStudies({ queryParams: { PatientID: 'DW-1' } })
    assert.deepEqual(found.map((row) => row['0020000D'].Value[0]), [study])
    const series = await client.searchForSeries({ studyInstanceUID: study })
    assert.equal(series[0]['00201209'].Value[0], 3)
    assert.equal((await client.searchForInstances({ studyInstanceUID: study, seriesInstanceUID: `${study}.1` })).length, 3)
  })

  await t.test('metadata, instance and frame come back as they were', async () => {
    const metadata = await client.retrieveSeriesMetadata({ studyInstanceUID: study, seriesInstanceUID: `${study}.1` })
    assert.equal(metadata.length, 3)
    assert.equal(metadata[0]['00280010'].Value[0], 16)
    const instance = await client.retrieveInstance({ studyInstanceUID: study, seriesInstanceUID: `${study}.1`, sopInstanceUID: `${study}.1.1` })
    const sent = files[0].subarray(files[0].indexOf('DICM'))
    const pixels = sent.subarray(sent.length - 512)
    const got = Buffer.from(instance)
    assert.ok(got.subarray(got.length - 512).equals(pixels))
    const frames = await client.retrieveInstanceFrames({ studyInstanceUID: study, seriesInstanceUID: `${study}.1`, sopInstanceUID: `${study}.1.1`, frameNumbers: [1] })
    assert.ok(Buffer.from(frames[0]).equals(pixels))
  })

  await t.test('zipped metadata is one gzip member: browsers stop at the end of the first', async () => {
    const read = (headers) => new Promise((resolve, reject) => {
      const url = `${server.base}/dicomweb/studies/${study}/series/${study}.1/metadata`
      get(url, { headers: { Authorization: `Bearer ${token}`, ...headers } }, (answer) => {
        const pieces = []
        answer.on('data', (piece) => pieces.push(piece)).on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(pieces) }))
      }).on('error', reject)
    })
    const zipped = await read({ 'Accept-Encoding': 'gzip' })
    assert.equal(zipped.headers['content-encoding'], 'gzip')
    const { buffer, engine } = inflateRawSync(zipped.body.subarray(10), { info: true })
    assert.equal(engine.bytesWritten, zipped.body.length - 10 - 8, 'nothing but the trailer follows the first member')
    assert.deepEqual(gunzipSync(zipped.body), buffer)
    assert.equal(JSON.parse(buffer.toString()).length, 3)
    assert.deepEqual((await read({})).body, buffer)
    assert.equal((await read({ 'Accept-Encoding': 'gzip', 'If-None-Match': zipped.headers.etag })).status, 304)
    const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'] })
    t.after(() => browser.close())
    const page = await browser.newPage()
    await page.goto(server.base)
    const seen = await page.evaluate(async ([path, bearer]) => {
      const answer = await fetch(path, { headers: { Authorization: `Bearer ${bearer}` } })
      return { coding: answer.headers.get('content-encoding'), text: await answer.text() }
    }, [`/dicomweb/studies/${study}/series/${study}.1/metadata`, token])
    assert.equal(seen.coding, 'gzip')
    assert.equal(seen.text, buffer.toString())
  })

  await t.test('a stranger sees nothing of it', async () => {
    const foreign = server.command('token', '--user', 'ding.rui')
    const other = new api.DICOMwebClient({ url: `${server.base}/dicomweb`, headers: { Authorization: `Bearer ${foreign}` } })
    assert.equal((await other.searchForStudies({ queryParams: { PatientID: 'DW-1' } })).length, 0)
    await assert.rejects(other.retrieveSeriesMetadata({ studyInstanceUID: study, seriesInstanceUID: `${study}.1` }))
  })
})
