// What people of each role do in one turn at their screen. Each returns after one thing done; the pause between is the caller's.
const HUB = 'Organization/demo-hub'
const one = (items) => items[Math.floor(Math.random() * items.length)]
const chance = (share) => Math.random() < share
let patients = 0

/** @param signature  number of the drawn signature of who consents */
export const requestForm = (signature) => ({
  purpose: 'diagnosis', specialty: one(['neurosurgery', 'cardiology', 'neurology']), rank: 'any', urgency: chance(0.2) ? 'urgent' : 'routine', receiver: HUB,
  summary: '负载试验：跌倒后头痛，呕吐两次。', question: '需要转院吗？',
  vitals: { status: 'given', taken: new Date(Date.now() - 600_000).toISOString(), values: [{ code: 'heart_rate', value: 96 }, { code: 'temperature', value: 36.7 }] },
  allergies: { status: 'none' }, drugs: { status: 'none' }, pregnancy: { status: 'not_asked' }, attachments: { status: 'none' },
  consent: { by: 'patient', name: '试验', told: true, signature },
})
export const opinionForm = () => ({ findings: '神志清楚。', do_now: '平卧，每 15 分钟看瞳孔', when_to_send: '今日乘船', danger_signs: '呕吐，一侧瞳孔大', call: '神经外科值班', act_by: one(['today', 'routine']) })

async function doctor(me) {
  const ready = await me.list('inbox')
  if (ready.length > 0) return settle(me, one(ready).case)
  const back = await me.list('returned')
  if (back.length > 0) {
    const it = await me.open(one(back).case)
    return me.move(it.case, it.version, 'resubmit', { items: [{ code: 'ecg', text: '补做十二导联' }] })
  }
  if (chance(0.85)) {
    const sent = await me.list('requested')
    if (sent.length > 0) await me.open(one(sent).case)
    return undefined
  }
  const id = await me.create(await me.register('负载', ++patients))
  const form = requestForm(await me.draw(id))
  await me.draft(id, 'request', form)
  const it = await me.open(id)
  // An institution of the demo lets its requests leave through its office: the page shows the one move that is open.
  const action = it.moves.some((move) => move.action === 'submit_to_office') ? 'submit_to_office' : 'submit'
  return me.move(id, it.version, action, form, { signs: true })
}

/** The opinion is there: read back, file, tell how it went. */
async function settle(me, id) {
  const it = await me.open(id)
  if (it.state === 'opinion_signed') {
    if (it.clocks.some((clock) => clock.name === 'read_back' && !clock.stopped)) return me.move(id, it.version, 'read_back', { text: '平卧，今日乘船' })
    return me.move(id, it.version, 'file', {}, { signs: true })
  }
  return me.move(id, it.version, 'answer', { ...(chance(0.8) ? { followed: 'yes' } : { followed: 'partly', not_followed: 'not_available' }), final_diagnosis: '脑震荡', rating: 5 })
}

async function coordinator(me) {
  const rows = await me.list('desk')
  if (rows.length === 0) return me.list('arranged')
  const it = await me.open(one(rows).case)
  if (it.state !== 'material_check') return undefined
  const { json } = await me.call('page: experts', 'GET', `/flow/cases/${it.case}/experts`)
  if (chance(0.1) && !it.timeline.some((row) => row.action === 'give_back')) return me.move(it.case, it.version, 'give_back', { missing_items: [{ code: 'ecg', text: '十二导联' }] }, { reason: '缺心电图' })
  const able = json.experts.filter((expert) => expert.able && me.colleagues.has(expert.reference))
  const lead = one(able.slice(0, 20)).reference
  return me.move(it.case, it.version, 'schedule', { experts: [lead], lead, mode: 'written' })
}

async function expert(me) {
  const writing = await me.list('writing')
  if (writing.length > 0 && chance(0.7)) {
    const it = await me.open(one(writing).case)
    const form = opinionForm()
    if (!it.drafts.opinion) await me.draft(it.case, 'opinion', form)
    return me.move(it.case, it.version, 'sign', form, { signs: true })
  }
  const offers = await me.list('offers')
  if (offers.length === 0) return undefined
  const it = await me.open(one(offers).case)
  return me.move(it.case, it.version, 'accept', {})
}

async function manager(me) {
  await me.call('page: board', 'GET', '/flow/board')
  return me.list('late')
}

async function nurse(me) {
  await me.call('page: lists', 'GET', '/flow/worklists')
  return me.call('page: patients', 'POST', '/fhir/Patient/_search', new URLSearchParams({ name: one(['负载', '王', '李']), _count: '20' }))
}

export const ROLES = { doctor, coordinator, expert, centre_manager: manager, nurse }
