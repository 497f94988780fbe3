// The record as seen by an unmodified FHIR client from npm: create, read, update, search, transaction, history, delete.
import assert from 'node:assert/strict'
import test from 'node:test'
import { Client } from 'fhir-kit-client'
import { startServer } from '../support/server.mjs'

test('fhir-kit-client', async (t) => {
  const server = await startServer()
  t.after(() => server.stop())
  const token = await server.integrationToken()
  const client = new Client({ baseUrl: `${server.base}/fhir`, bearerToken: token })

  await t.test('capability statement', async () => {
    const statement = await client.capabilityStatement()
    assert.equal(statement.fhirVersion, '4.0.1')
    assert.ok(statement.rest[0].resource.some((row) => row.type === 'Patient'))
  })

  let patient
  await t.test('create, read, update, history, delete', async () => {
    patient = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', name: [{ family: '单', given: ['小明'], text: '单小明' }], birthDate: '1990-05-01', gender: 'male' } })
    assert.equal((await client.read({ resourceType: 'Patient', id: patient.id })).name[0].text, '单小明')
    const changed = await client.update({ resourceType: 'Patient', id: patient.id, body: { ...patient, active: true } })
    assert.equal(changed.meta.versionId, '2')
    const history = await client.history({ resourceType: 'Patient', id: patient.id })
    assert.equal(history.entry.length, 2)
    const first = await client.vread({ resourceType: 'Patient', id: patient.id, version: '1' })
    assert.equal(first.active, undefined)
    const other = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient' } })
    await client.delete({ resourceType: 'Patient', id: other.id })
    await assert.rejects(client.read({ resourceType: 'Patient', id: other.id }), (error) => error.response.status === 410)
  })

  await t.test('search by name, pinyin, date and reference, with paging', async () => {
    for (const searchParams of [{ name: '单小明' }, { name: 'shan' }, { birthdate: '1990-05' }, { birthdate: 'ge1990-05-01' }, { gender: 'male' }, { _id: patient.id }]) {
      const found = await client.search({ resourceType: 'Patient', searchParams })
      assert.deepEqual(found.entry?.map((entry) => entry.resource.id), [patient.id], JSON.stringify(searchParams))
    }
    for (let index = 0; index < 25; index++) {
      await client.create({ resourceType: 'Observation', body: { resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] }, subject: { reference: `Patient/${patient.id}` }, valueQuantity: { value: 60 + index, unit: '/min' }, effectiveDateTime: `2026-01-${String(index + 1).padStart(2, '0')}` } })
    }
    let page = await client.search({ resourceType: 'Observation', searchParams: { patient: patient.id, code: 'http://loinc.org|8867-4', _count: 10, _sort: '-date' } })
    const values = []
    for (; page; page = page.link.some((link) => link.relation === 'next') ? await client.nextPage({ bundle: page }) : undefined) {
      values.push(...page.entry.map((entry) => entry.resource.valueQuantity.value))
    }
    assert.deepEqual(values, Array.from({ length: 25 }, (_, index) => 84 - index))
  })

  await t.test('transaction with references between its entries, all or nothing', async () => {
    const bundle = (status) => ({ resourceType: 'Bundle', type: 'transaction', entry: [
      { fullUrl: 'urn:uuid:5a1f8f3e-2b4b-4f9e-9a66-0d9a3f5d8a01', resource: { resourceType: 'Patient', name: [{ text: '韩晓' }] }, request: { method: 'POST', url: 'Patient' } },
      { resource: { resourceType: 'Observation', status, code: { text: 'x' }, subject: { reference: 'urn:uuid:5a1f8f3e-2b4b-4f9e-9a66-0d9a3f5d8a01' } }, request: { method: 'POST', url: 'Observation' } },
    ] })
    await assert.rejects(client.transaction({ body: bundle('no-such-status') }))
    assert.equal((await client.search({ resourceType: 'Patient', searchParams: { name: '韩晓' } })).entry?.length ?? 0, 0)
    const done = await client.transaction({ body: bundle('final') })
    assert.equal(done.entry.length, 2)
    const found = await client.search({ resourceType: 'Observation', searchParams: { 'patient.name': '韩晓' } })
    assert.equal(found.entry.length, 1)
  })
})
