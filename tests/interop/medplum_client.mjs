// The record as seen by @medplum/core from npm, unmodified: its own login, CRUD, pages, patch, bundles, conditions, operations, uploads.
import assert from 'node:assert/strict'
import test from 'node:test'
import { WebSocket } from 'ws'
import { startServer } from '../support/server.mjs'

globalThis.WebSocket ??= WebSocket // it wants Node 22, which has one
const { MedplumClient, OperationOutcomeError } = await import('@medplum/core')

const fhir = { fhirUrlPath: 'fhir', tokenUrl: 'oauth/token', cacheTime: 0, autoBatchTime: 0 }
const observation = (patient, day) => ({
  resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] }, subject: { reference: `Patient/${patient}` },
  effectiveDateTime: `2026-01-${String(day).padStart(2, '0')}`, valueQuantity: { value: 60 + day, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
})

test('@medplum/core', async (t) => {
  const server = await startServer()
  t.after(() => server.stop())
  const client = new MedplumClient({ baseUrl: server.base, ...fhir })

  await t.test('its client login', async () => {
    const { client_id, client_secret } = server.integrationClient()
    await client.startClientLogin(client_id, client_secret)
    assert.ok(client.getAccessToken())
    assert.equal((await client.get(client.fhirUrl('metadata'))).fhirVersion, '4.0.1')
    const basic = new MedplumClient({ baseUrl: server.base, ...fhir })
    basic.setBasicAuth(client_id, client_secret)
    await basic.startClientLogin(client_id, client_secret)
    assert.ok(basic.getAccessToken())
    const wrong = new MedplumClient({ baseUrl: server.base, ...fhir })
    await assert.rejects(wrong.startClientLogin(client_id, 'guess'))
  })

  let patient
  await t.test('create, read, update, versions, delete', async () => {
    patient = await client.createResource({ resourceType: 'Patient', identifier: [{ system: 'urn:mrn', value: 'M1' }], name: [{ family: '单', given: ['小明'], text: '单小明' }], birthDate: '1990-05-01' })
    assert.equal((await client.readResource('Patient', patient.id)).name[0].text, '单小明')
    const changed = await client.updateResource({ ...patient, active: true })
    assert.equal(changed.meta.versionId, '2')
    assert.deepEqual(await client.readReference({ reference: `Patient/${patient.id}` }), changed)
    assert.equal((await client.readHistory('Patient', patient.id)).entry.length, 2)
    assert.equal((await client.readVersion('Patient', patient.id, '1')).active, undefined)
    const other = await client.createResource({ resourceType: 'Patient' })
    await client.deleteResource('Patient', other.id)
    await assert.rejects(client.readResource('Patient', other.id), (error) => error instanceof OperationOutcomeError && error.outcome.issue[0].code === 'deleted')
    await assert.rejects(client.createResource({ resourceType: 'Patient', gender: 'tall' }), (error) => error instanceof OperationOutcomeError && error.outcome.issue[0].expression[0] === 'Patient.gender')
  })

  await t.test('search in pages', async () => {
    for (let day = 1; day <= 25; day++) await client.createResource(observation(patient.id, day))
    const sizes = []
    const values = []
    for await (const page of client.searchResourcePages('Observation', { subject: `Patient/${patient.id}`, code: 'http://loinc.org|8867-4', _sort: '-date', _count: 10 })) {
      sizes.push(page.length)
      values.push(...page.map((one) => one.valueQuantity.value))
    }
    assert.deepEqual(sizes, [10, 10, 5])
    assert.deepEqual(values, Array.from({ length: 25 }, (_, index) => 85 - index))
    assert.equal((await client.searchOne('Patient', 'identifier=urn:mrn|M1')).id, patient.id)
    assert.equal(await client.searchOne('Patient', 'identifier=urn:mrn|M2'), undefined)
    assert.equal((await client.searchResources('Observation', { 'patient.name': '单小明', date: ['ge2026-01-03', 'lt2026-01-05'].join(',') })).length, 20)
    const counted = await client.search('Observation', { _summary: 'count' })
    assert.equal(counted.total, 25)
    await assert.rejects(client.search('Patient', 'colour=red'), (error) => error instanceof OperationOutcomeError)
  })

  await t.test('patch, with and without its test', async () => {
    const patched = await client.patchResource('Patient', patient.id, [{ op: 'test', path: '/meta/versionId', value: '2' }, { op: 'add', path: '/gender', value: 'male' }])
    assert.equal(patched.gender, 'male')
    await assert.rejects(client.patchResource('Patient', patient.id, [{ op: 'test', path: '/gender', value: 'female' }, { op: 'remove', path: '/gender' }]), OperationOutcomeError)
    assert.equal((await client.readResource('Patient', patient.id)).gender, 'male')
  })

  await t.test('conditional create and update', async () => {
    const made = await client.createResourceIfNoneExist({ resourceType: 'Patient', identifier: [{ system: 'urn:mrn', value: 'M3' }] }, 'identifier=urn:mrn|M3')
    const again = await client.createResourceIfNoneExist({ resourceType: 'Patient', identifier: [{ system: 'urn:mrn', value: 'M3' }] }, 'identifier=urn:mrn|M3')
    assert.equal(again.id, made.id)
    const updated = await client.upsertResource({ resourceType: 'Patient', identifier: [{ system: 'urn:mrn', value: 'M3' }], active: true }, 'identifier=urn:mrn|M3')
    assert.deepEqual([updated.id, updated.active, updated.meta.versionId], [made.id, true, '2'])
    const other = await client.upsertResource({ resourceType: 'Patient', identifier: [{ system: 'urn:mrn', value: 'M4' }] }, { identifier: 'urn:mrn|M4' })
    assert.notEqual(other.id, made.id)
  })

  await t.test('batch and transaction', async () => {
    const entry = (resource, fullUrl) => ({ fullUrl, resource, request: { method: 'POST', url: resource.resourceType } })
    const mother = 'urn:uuid:5a1f8f3e-2b4b-4f9e-9a66-0d9a3f5d8a02'
    const done = await client.executeBatch({ resourceType: 'Bundle', type: 'transaction', entry: [
      entry({ resourceType: 'Observation', status: 'final', code: { text: 'weight' }, subject: { reference: mother } }),
      entry({ resourceType: 'Patient', name: [{ text: '韩晓' }] }, mother),
      { request: { method: 'GET', url: `Patient/${patient.id}` } },
    ] })
    assert.deepEqual(done.entry.map((one) => one.response.status.slice(0, 3)), ['201', '201', '200'])
    assert.equal(done.entry[2].resource.id, patient.id)
    assert.equal((await client.searchResources('Observation', { 'subject:Patient.name': '韩晓' })).length, 1)
    await assert.rejects(client.executeBatch({ resourceType: 'Bundle', type: 'transaction', entry: [entry({ resourceType: 'Patient', name: [{ text: '何半' }] }), entry({ resourceType: 'Observation', status: 'none' })] }))
    assert.equal((await client.search('Patient', { name: '何半', _summary: 'count' })).total, 0)
    const batch = await client.executeBatch({ resourceType: 'Bundle', type: 'batch', entry: [entry({ resourceType: 'Patient', name: [{ text: '何半' }] }), entry({ resourceType: 'Observation', status: 'none' }), { request: { method: 'GET', url: 'Patient/nobody' } }] })
    assert.deepEqual(batch.entry.map((one) => one.response.status.slice(0, 3)), ['201', '422', '404'])
  })

  await t.test('requests that it gathers into one batch by itself', async () => {
    const gathering = new MedplumClient({ baseUrl: server.base, ...fhir, autoBatchTime: 50 })
    gathering.setAccessToken(client.getAccessToken())
    const [one, found, missing] = await Promise.allSettled([gathering.readResource('Patient', patient.id), gathering.search('Patient', 'name=单小明'), gathering.readResource('Patient', 'nobody')])
    assert.equal(one.value.id, patient.id)
    assert.equal(found.value.entry.length, 1)
    assert.equal(missing.reason.outcome.issue[0].code, 'not-found')
  })

  await t.test('validation, everything, attachments', async () => {
    assert.equal((await client.validateResource({ resourceType: 'Patient', birthDate: '1990' })).resourceType, 'OperationOutcome')
    const wrong = await client.validateResource({ resourceType: 'Observation', status: 'final' }).catch((error) => error.outcome)
    assert.ok(wrong.issue.some((issue) => issue.severity === 'error' && issue.expression?.includes('Observation.code')), JSON.stringify(wrong))
    const everything = await client.readPatientEverything(patient.id)
    assert.ok(everything.entry.some((entry) => entry.resource.resourceType === 'Observation'))
    assert.ok(everything.entry.every((entry) => entry.resource.resourceType !== 'Patient' || entry.resource.id === patient.id))
    const bytes = Uint8Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256)
    const binary = await client.createBinary({ data: bytes, contentType: 'image/png', filename: 'photo.png' })
    assert.equal(binary.resourceType, 'Binary')
    const back = await client.download(client.fhirUrl('Binary', binary.id), { headers: { Accept: 'image/png' } })
    assert.deepEqual(new Uint8Array(await back.arrayBuffer()), bytes)
  })
})
