// One person at work: a session of their own, a kept connection, a tab's socket, and a note of everything that was answered.
import http from 'node:http'
import { performance } from 'node:perf_hooks'
import { createRequire } from 'node:module'
import { randomUUID } from 'node:crypto'

const WebSocket = createRequire(new URL('../package.json', import.meta.url))('ws')

const FHIR = 'application/fhir+json'
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
/** Somebody else was first: the page shows the fresh state and the person goes on. */
const OVERTAKEN = new Set(['flow.version_stale', 'record.version_stale', 'flow.not_open', 'flow.not_yours', 'flow.draft_stale'])

/** What all people together saw. */
export class Tally {
  constructor() {
    this.times_ms = new Map()
    this.errors = []
    this.overtaken = 0
    this.requests = 0
    this.moves = new Map()
    this.cases_read = 0
    this.pushed = 0
  }
  took(what, time_ms) {
    if (!this.times_ms.has(what)) this.times_ms.set(what, [])
    this.times_ms.get(what).push(time_ms)
  }
}

export class Overtaken extends Error {}

/** A field of a move as parts of Parameters, by the rule of docs/case-api.md. */
function part(name, value) {
  if (Array.isArray(value)) return value.flatMap((one) => part(name, one))
  if (typeof value === 'object') return [{ name, part: parts(value) }]
  if (typeof value === 'boolean') return [{ name, valueBoolean: value }]
  if (typeof value === 'number') return [Number.isInteger(value) ? { name, valueInteger: value } : { name, valueDecimal: value }]
  return [{ name, valueString: value }]
}
const parts = (fields) => Object.entries(fields).filter(([, value]) => value !== undefined).flatMap(([name, value]) => part(name, value))
const parameters = (named, fields = {}) => ({ resourceType: 'Parameters', parameter: [...parts(named), { name: 'input', part: parts(fields) }] })

export class Person {
  constructor(base, tally, { login, password, role }) {
    Object.assign(this, { base: new URL(base), tally, login, password, role, agent: new http.Agent({ keepAlive: true, maxSockets: 2 }), cookie: '', steppedUp: 0 })
  }

  /** @returns {Promise<{status: number, headers: object, json: any}>} */
  request(method, path, body, headers = {}) {
    const form = body instanceof URLSearchParams
    const bytes = body === undefined || Buffer.isBuffer(body) ? body : Buffer.from(form ? body.toString() : JSON.stringify(body))
    const all = { Cookie: this.cookie, Origin: this.base.origin, ...(bytes ? { 'Content-Type': form ? 'application/x-www-form-urlencoded' : 'application/json', 'Content-Length': bytes.length } : {}), ...headers }
    return new Promise((resolve, reject) => {
      const sent = http.request({ host: this.base.hostname, port: this.base.port, method, path, headers: all, agent: this.agent, timeout: 30_000 }, (answer) => {
        const pieces = []
        answer.on('data', (piece) => pieces.push(piece))
        answer.on('end', () => {
          const text = Buffer.concat(pieces).toString()
          const isJson = /json/.test(answer.headers['content-type'] ?? '')
          resolve({ status: answer.statusCode, headers: answer.headers, json: isJson && text ? JSON.parse(text) : undefined })
        })
        answer.on('error', reject)
      })
      sent.on('timeout', () => sent.destroy(new Error('no answer within 30 s')))
      sent.on('error', reject)
      sent.end(bytes)
    })
  }

  /** One timed request under the name `what`. Error = counted and thrown; overtaken by somebody = Overtaken. */
  async call(what, method, path, body, headers) {
    const begun = performance.now()
    const answer = await this.request(method, path, body, headers)
    this.tally.requests++
    this.tally.took(what, performance.now() - begun)
    if (answer.status < 300) return answer
    const code = answer.json?.issue?.[0]?.details?.coding?.[0]?.code ?? ''
    if (OVERTAKEN.has(code) || answer.status === 404) {
      this.tally.overtaken++
      throw new Overtaken(`${what}: ${answer.status} ${code}`)
    }
    throw Object.assign(new Error(`${this.login} ${what} ${method} ${path}: ${answer.status} ${code} ${JSON.stringify(answer.json ?? '').slice(0, 300)}`), { code })
  }

  async signIn() {
    const { headers } = await this.call('sign in', 'POST', '/access/session', { login: this.login, password: this.password })
    this.cookie = headers['set-cookie'][0].split(';')[0]
    this.socket?.close()
    this.socket = new WebSocket(new URL('/events', this.base).href.replace('http', 'ws'), 'qiao.events.1', { headers: { Cookie: this.cookie, Origin: this.base.origin } })
    await new Promise((resolve, reject) => {
      this.socket.onerror = () => reject(new Error(`${this.login}: the socket did not open`))
      this.socket.onopen = () => this.socket.send(JSON.stringify({ type: 'hello' }))
      this.socket.onmessage = (event) => {
        this.tally.pushed++
        if (JSON.parse(event.data).type === 'ready') resolve()
      }
    })
    this.socket.onerror = () => this.tally.errors.push(`${this.login}: the socket broke`)
  }

  async signOut() {
    this.socket.onerror = null
    await this.call('sign out', 'DELETE', '/access/session')
    this.socket.close()
    this.agent.destroy()
  }

  /** The page of a list: what the browser fetches for it. */
  async list(name) {
    await this.call('page: lists', 'GET', '/flow/worklists')
    return (await this.call('page: list', 'GET', `/flow/worklists/${name}?count=50`)).json.rows
  }

  async open(id) {
    const { json } = await this.call('page: case', 'GET', `/flow/cases/${id}`)
    this.tally.cases_read++
    return json
  }

  async register(family, number) {
    const patient = { resourceType: 'Patient', name: [{ text: `${family}${number}` }], gender: number % 2 ? 'female' : 'male', birthDate: `19${60 + (number % 40)}-03-${String(1 + (number % 28)).padStart(2, '0')}` }
    const { json } = await this.call('register', 'POST', '/fhir/Patient/$register?confirmed=true&noIdReason=not_at_hand', patient, { 'Content-Type': FHIR })
    return `Patient/${json.id}`
  }

  async create(patient) {
    const { headers } = await this.call('create', 'POST', '/fhir/Task/$create', parameters({ machine: 'consult', create_id: randomUUID(), patient }), { 'Content-Type': FHIR })
    this.counted('create')
    return headers.location.split('/').pop()
  }

  draft = (id, name, body) => this.call('draft', 'PUT', `/flow/cases/${id}/drafts/${name}`, { version: 0, body })

  /** What stands for the drawn signature of a consent. @returns its number */
  async draw(id) {
    const { json } = await this.call('signature', 'POST', `/flow/cases/${id}/uploads`, { upload_id: randomUUID(), kind: 'consent_signature', size_bytes: PNG.length, content_type: 'image/png' })
    return (await this.call('signature', 'PATCH', `/flow/cases/${id}/uploads/${json.upload}`, PNG, { 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' })).json.attachment.n
  }

  /** Signing wants a proof of the last five minutes; it is given before the move, as the page does. */
  async move(id, version, action, fields, { reason, signs = false } = {}) {
    if (signs && Date.now() - this.steppedUp > 240_000) {
      await this.call('step up', 'POST', '/access/step-up', { password: this.password })
      this.steppedUp = Date.now()
    }
    await this.call(`move: ${signs ? 'signed' : 'plain'}`, 'POST', `/fhir/Task/${id}/$move`, parameters({ action, move_id: randomUUID(), reason }, fields), { 'Content-Type': FHIR, 'If-Match': `W/"${version}"` })
    this.counted(action)
  }

  counted(action) {
    this.tally.moves.set(action, (this.tally.moves.get(action) ?? 0) + 1)
  }
}
