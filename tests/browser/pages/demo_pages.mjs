// Who works where in the demo network, and where their cases are.
import assert from 'node:assert/strict'
import { read } from '../story/people.mjs'

export const DOCTOR = 'lin.haiyan', COORDINATOR = 'su.wenting', EXPERT = 'zhou.mingyuan', MANAGER = 'peng.ruixue', SYSTEM = 'hu.jianguo', SECURITY = 'song.yanan', PRIVACY = 'yu.shaoqin', AUDIT = 'dong.lixin'

/** A case of the person's list, or undefined. */
export const caseOf = async (page, list) => (await read(page, `/flow/worklists/${list}`)).rows[0]?.case
export const patientOf = async (page) => (await read(page, '/flow/worklists/requested')).rows.map((row) => row.patient.reference.split('/')[1])[0]
export const inCase = (list, tail = '') => async (page) => { const id = await caseOf(page, list); assert.ok(id, `the demo has a case in ${list}`); return `/app/consult/${id}${tail}` }

/** The number of a gateway that was just added at the hospital of the demo's scanner. */
export const gatewayOf = (page) => page.evaluate(async () => {
  const body = JSON.stringify({ name: 'Radiology, main building', organisation: 'Organization/demo-county' })
  return (await (await fetch('/imaging/gateways', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).json()).gateway.id
})
