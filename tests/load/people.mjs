// Many people work at once on the demo network, each with a session, a socket and a pause between two turns:
//   node tests/load/people.mjs [--people 200] [--seconds 600] [--pause 6]
// Prints what was done, how long it took, and what was wrong; ends with 1 when anything was wrong: an answer that is an error, a
// case whose moves do not follow the table, a move or a reading without its audit row, a broken chain. Times are printed, not judged.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { binary, root, startServer } from '../support/server.mjs'
import { Overtaken, Person, Tally } from './person.mjs'
import { ROLES } from './roles.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { values } = parseArgs({ options: { people: { type: 'string', default: '200' }, seconds: { type: 'string', default: '600' }, pause: { type: 'string', default: '6' } } })
const [count, seconds, pause_s] = [values.people, values.seconds, values.pause].map(Number)
const PASSWORD = 'seven lanterns by the pier'
const CLINICS = ['town-east', 'town-west', 'town-north', 'island-gull', 'island-reed', 'island-stone', 'island-tern', 'village-pine']
const SPECIALTIES = ['neurosurgery', 'cardiology', 'neurology']
/** Of 20 people: 12 doctors of clinics, 5 experts, a coordinator, a nurse, a manager. */
const ROLE_OF = [...Array(12).fill('doctor'), ...Array(5).fill('expert'), 'coordinator', 'nurse', 'centre_manager']

const sleep = (time_ms) => new Promise((resolve) => setTimeout(resolve, time_ms))

/** Makes the accounts with real passwords, as the security administrator does. */
async function hire(base, tally) {
  const office = new Person(base, new Tally(), { login: 'song.yanan' })
  const { headers } = await office.call('sign in', 'POST', '/access/demo-session', { login: office.login })
  office.cookie = headers['set-cookie'][0].split(';')[0]
  const people = []
  const colleagues = new Set()
  const make = async (n) => {
    const role = ROLE_OF[n % ROLE_OF.length]
    const login = `load.${role.replace('_', '.')}.${n}`
    const { json } = await office.call('hire', 'POST', '/access/people', { login, name: `负载${n}`, nameEn: `Load ${n}`, gender: 'female', password: PASSWORD })
    const organisation = role === 'doctor' || role === 'nurse' ? CLINICS[n % CLINICS.length] : 'hub'
    const specialist = role === 'expert' ? { specialty: SPECIALTIES[n % SPECIALTIES.length], rank: 'chief' } : role === 'doctor' ? { specialty: 'general_practice', rank: 'attending' } : {}
    await office.call('hire', 'POST', '/access/memberships', { practitioner: json.practitioner, organisation: `Organization/demo-${organisation}`, role, ...specialist })
    if (role === 'expert') colleagues.add(json.practitioner)
    people.push(Object.assign(new Person(base, tally, { login, password: PASSWORD, role }), { colleagues }))
  }
  for (let n = 0; n < count; n += 2) await Promise.all([n, n + 1].filter((one) => one < count).map(make))
  return people
}

/** Signs in at a moment of the first third, works until the end, signs out. */
async function work(person, end) {
  await sleep(Math.random() * (end - Date.now()) / 3)
  await person.signIn()
  while (Date.now() < end) {
    await sleep(pause_s * 1000 * (0.5 + Math.random()))
    try {
      await ROLES[person.role](person)
    } catch (error) {
      if (!(error instanceof Overtaken)) person.tally.errors.push(error.message)
    }
  }
  await person.signOut()
}

/** What the process itself holds; mapped files are the system's to take back. */
const pageCache_mib = async (base) => Number(/^qiao_page_cache_bytes (\S+)/m.exec(await (await fetch(`${base}/metrics`)).text())[1]) / 1048576
const resident_mib = (pid) => Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024

function quantile(sorted, share) {
  if (sorted.length === 0) return NaN
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]
}

function table(times_ms) {
  const rows = [...times_ms].sort(([a], [b]) => a.localeCompare(b)).map(([what, times]) => {
    const sorted = times.toSorted((a, b) => a - b)
    return [what, String(sorted.length), ...[0.5, 0.9, 0.99, 1].map((share) => quantile(sorted, share).toFixed(1))]
  })
  const all = [['what', 'n', 'p50 ms', 'p90 ms', 'p99 ms', 'max ms'], ...rows]
  return all.map((row) => row.map((cell, at) => (at === 0 ? cell.padEnd(18) : cell.padStart(8))).join(' ')).join('\n')
}

const server = await startServer('demo')
const tally = new Tally()
const wrong = []
try {
  const people = await hire(server.base, tally)
  const memory = []
  const caches = []
  const sampler = setInterval(async () => { memory.push(resident_mib(server.pid)); caches.push(await pageCache_mib(server.base)) }, 1000)
  const end = Date.now() + seconds * 1000
  const begun = Date.now()
  const results = await Promise.allSettled(people.map((person) => work(person, end)))
  clearInterval(sampler)
  for (const result of results) if (result.status === 'rejected') tally.errors.push(String(result.reason.message ?? result.reason))
  const took_s = (Date.now() - begun) / 1000
  console.log(`${count} people, ${took_s.toFixed(0)} s, ${tally.requests} requests (${(tally.requests / took_s).toFixed(0)}/s), ${tally.pushed} messages pushed, overtaken by a colleague ${tally.overtaken}`)
  console.log(table(tally.times_ms))
  const pages = [...tally.times_ms].filter(([what]) => what.startsWith('page')).flatMap(([, times]) => times).toSorted((a, b) => a - b)
  console.log(`all pages: n ${pages.length}, p50 ${quantile(pages, 0.5).toFixed(1)} ms, p99 ${quantile(pages, 0.99).toFixed(1)} ms`)
  const over = (samples) => [0, 0.25, 0.5, 0.75, 1].map((share) => samples[Math.floor(share * (samples.length - 1))]?.toFixed(0)).join(' ')
  console.log(`resident (anonymous) MiB at 0, 25, 50, 75, 100 %: ${over(memory)}; of it page caches of the databases, which have their bound: ${over(caches)}`)
  console.log(`moves: ${[...tally.moves].map(([action, n]) => `${action} ${n}`).join(', ')}`)
  wrong.push(...tally.errors)
  await server.end()
  const said = execFileSync('python3', [join(here, 'after.py'), server.data, binary, join(root, 'docs/services/consult.md')], { input: JSON.stringify({ moves: Object.fromEntries(tally.moves), cases_read: tally.cases_read }), encoding: 'utf8' })
  const { facts, defects } = JSON.parse(said)
  console.log(facts)
  wrong.push(...defects)
} finally {
  await server.stop()
}
for (const line of wrong.slice(0, 30)) console.log(`wrong: ${line}`)
console.log(wrong.length === 0 ? 'nothing was wrong' : `${wrong.length} things were wrong`)
process.exit(wrong.length === 0 ? 0 : 1)
