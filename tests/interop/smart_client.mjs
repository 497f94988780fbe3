// The record as seen by the SMART client fhirclient from npm, unmodified, with a token of POST /oauth/token.
import assert from 'node:assert/strict'
import test from 'node:test'
import FHIR from 'fhirclient'
import { startServer } from '../support/server.mjs'

test('fhirclient', async (t) => {
  const server = await startServer()
  t.after(() => server.stop())
  // The request and session of a web server that its Node entry wants to see; the token is at hand, so neither is used.
  const smart = FHIR({ headers: { host: 'app.example' }, url: '/', socket: {} }, {}, { get: async () => null, set: async (_, value) => value, unset: async () => true })
  const token = await server.integrationToken()
  const state = (access_token) => ({ serverUrl: `${server.base}/fhir`, tokenResponse: { access_token, token_type: 'bearer' } })
  let client = smart.client(state(token))

  await t.test('the version of the server', async () => {
    assert.equal(await client.getFhirVersion(), '4.0.1')
    assert.equal(await client.getFhirRelease(), 4)
  })

  let patient
  await t.test('create, update, patch, delete', async () => {
    patient = await client.create({ resourceType: 'Patient', name: [{ family: '单', given: ['小明'], text: '单小明' }], birthDate: '1990-05-01' })
    assert.equal(patient.meta.versionId, '1')
    const changed = await client.update({ ...patient, active: true })
    assert.equal(changed.meta.versionId, '2')
    const patched = await client.patch(`Patient/${patient.id}`, [{ op: 'replace', path: '/active', value: false }])
    assert.equal(patched.active, false)
    await assert.rejects(client.patch(`Patient/${patient.id}`, [{ op: 'test', path: '/active', value: true }]), (error) => error.status === 422)
    const other = await client.create({ resourceType: 'Patient' })
    await client.delete(`Patient/${other.id}`)
    await assert.rejects(client.request(`Patient/${other.id}`), (error) => error.status === 410)
    await assert.rejects(client.request('Patient?colour=red'), (error) => error.status === 400 && /colour/.test(error.message))
  })

  await t.test('all pages in one list, with what they refer to', async () => {
    for (let day = 1; day <= 23; day++) {
      await client.create({ resourceType: 'Observation', status: 'final', code: { text: 'pulse' }, subject: { reference: `Patient/${patient.id}` }, effectiveDateTime: `2026-01-${String(day).padStart(2, '0')}`, valueQuantity: { value: day } })
    }
    const list = await client.request(`Observation?patient=${patient.id}&_sort=date&_count=10`, { pageLimit: 0, flat: true })
    assert.deepEqual(list.map((one) => one.valueQuantity.value), Array.from({ length: 23 }, (_, index) => index + 1))
    const pages = await client.request(`Observation?patient=${patient.id}&_count=10`, { pageLimit: 0 })
    assert.equal(pages.length, 3)
    const values = []
    for await (const one of client.resources(`Observation?patient=${patient.id}&_sort=-date&_count=4`)) values.push(one.valueQuantity.value)
    assert.deepEqual(values, Array.from({ length: 23 }, (_, index) => 23 - index))
    const { data, references } = await client.request(`Observation?patient=${patient.id}&_count=1`, { resolveReferences: ['subject'], graph: false, flat: true }).then((found) => found.data ? found : { data: found, references: {} })
    assert.equal(data.length, 1)
    assert.equal(references[`Patient/${patient.id}`]?.id, patient.id)
  })

  await t.test('requests of a patient in context', async () => {
    client = smart.client({ ...state(token), tokenResponse: { ...state(token).tokenResponse, patient: patient.id } })
    assert.equal((await client.patient.read()).id, patient.id)
    const own = await client.patient.request('Observation', { pageLimit: 0, flat: true })
    assert.equal(own.length, 23)
    const everything = await client.request(`Patient/${patient.id}/$everything`, { pageLimit: 0, flat: true })
    assert.equal(everything.length, 24)
  })

  await t.test('without a token nothing', async () => {
    await assert.rejects(smart.client(`${server.base}/fhir`).request(`Patient/${patient.id}`), (error) => error.status === 401)
    await assert.rejects(smart.client(state('guess')).request(`Patient/${patient.id}`), (error) => error.status === 401)
  })
})
