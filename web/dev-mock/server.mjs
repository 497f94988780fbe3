#!/usr/bin/env node
/**
 * A stand-in for the server while pages are drawn: invented data in memory, the wire of docs/case-api.md, the
 * built files with the real content security policy. For development only; nothing of it is built or shipped.
 *   node dev-mock/server.mjs [port]
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

const port = Number(process.argv[2] ?? 8099);
const dist = fileURLToPath(new URL('../dist', import.meta.url));
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const types = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.wasm': 'application/wasm', '.json': 'application/json' };
const hub = { reference: 'Organization/hub', name: '望海市中心医院' };
const clinic = { reference: 'Organization/gull', name: '鸥岛卫生室' };
const users = {
  'dr.shen': { name: '沈渔', role: 'doctor', organisation: clinic, en: 'Gull Island Clinic' },
  'co.lu': { name: '陆安', role: 'coordinator', organisation: hub, en: 'Wanghai Central Hospital' },
  'ex.gu': { name: '顾明远', role: 'expert', organisation: hub, en: 'Wanghai Central Hospital' },
};
const listsOf = { doctor: ['drafts', 'requested', 'returned', 'inbox', 'closed'], coordinator: ['desk', 'arranged', 'late', 'closed'], expert: ['offers', 'writing', 'signed', 'closed'] };
const sessions = new Map();
const reports = [];

const patients = ['林小海', '陈阿妹', '周大力', '吴秀英', '郑一帆'].map((name, index) => ({
  resourceType: 'Patient', id: `p${index}`, name: [{ use: 'official', text: name }], gender: index % 2 ? 'female' : 'male', birthDate: ['1985-02-28', '1951-07-09', '2022-03-01', '1968-11-30', '1999-01-15'][index],
  identifier: [{ use: 'official', system: 'urn:oid:2.16.156.10011.1.3', value: `99999919850228001${index}` }], telecom: [{ system: 'phone', value: `1380000000${index}` }],
}));
const request = {
  purpose: 'diagnosis', specialty: 'neurosurgery', rank: 'associate_chief', urgency: 'urgent', receiver: hub.reference,
  summary: '昨夜 22 时从渔船甲板跌落，后枕部着地，当时无昏迷。今晨头痛加重，呕吐两次，非喷射性。查体：神志清，对答切题，右侧瞳孔 3 mm，左侧 3 mm，光反应灵敏，四肢肌力正常。',
  question: '头颅 CT 有无出血？能否留在岛上观察，还是今天必须坐船转出？',
  vitals: { status: 'given', taken: ago(70), values: [{ code: 'heart_rate', value: 88 }, { code: 'systolic', value: 148 }, { code: 'diastolic', value: 86 }, { code: 'temperature', value: 36.8 }, { code: 'spo2', value: 97 }, { code: 'gcs', value: 15 }] },
  allergies: { status: 'given', items: [{ text: '青霉素', reaction: '皮疹' }] }, drugs: { status: 'given', items: [{ text: '阿司匹林', dose: '100 mg 每日一次' }] }, attachments: { status: 'given' },
  consent: { by: 'patient', name: '林小海', told: true, signature: 3 },
};
const clock = (name, startMinutes, dueMinutes, extra = {}) => ({ name, started: ago(startMinutes), due: ago(-dueMinutes), kind: 'working', paused: null, level: 0, share: Math.round((100 * startMinutes) / (startMinutes + dueMinutes)), stopped: null, verdict: null, ...extra });
const move = (action, to, who, needs = [], more = {}) => ({ action, title: `consult.move.${action}`, to, who, needs, signs: null, deadline: null, blocked: null, form: null, ...more });
const opinionNeeds = ['findings', 'do_now', 'when_to_send', 'danger_signs', 'call', 'act_by'];
const movesOf = {
  'draft.doctor': [move('submit', 'material_check', 'requester', ['purpose', 'summary', 'question'], { signs: 'request' }), move('call_emergency', 'calling', 'requester', ['question', 'vitals', 'callback'], { signs: 'request' }), move('discard', 'cancelled', 'requester'), move('attach_study', 'draft', 'requester', ['study_uid', 'confirmed'])],
  'material_check.coordinator': [move('schedule', 'scheduled', 'coordinator', ['experts', 'lead', 'mode'], { deadline: ago(-120) }), move('give_back', 'returned', 'coordinator', ['reason', 'missing_items']), move('reject', 'rejected', 'coordinator', ['reason_code'])],
  'material_check.doctor': [move('withdraw', 'cancelled', 'requester', ['reason'])],
  'returned.doctor': [move('resubmit', 'material_check', 'requester', ['items'], { signs: 'request_if_changed' }), move('proceed_without', 'material_check', 'requester', ['not_obtainable', 'reason']), move('withdraw', 'cancelled', 'requester', ['reason']), move('attach_study', '=', 'requester', ['study_uid', 'confirmed'])],
  'scheduled.expert': [move('accept', 'scheduled', 'expert'), move('decline', 'scheduled', 'expert', ['reason'])],
  'opinion_draft.expert': [move('sign', 'opinion_signed', 'lead_expert', opinionNeeds, { signs: 'opinion', deadline: ago(-900) }), move('hand_back', 'scheduled', 'lead_expert', ['reason'])],
  'opinion_signed.doctor': [move('read_back', '=', 'requester', ['text'], { deadline: ago(-90) }), move('file', 'filed', 'requester', [], { signs: 'receipt', deadline: ago(-1200) })],
  'opinion_signed.expert': [move('amend', '=', 'lead_expert', ['reason', ...opinionNeeds], { signs: 'amendment' })],
  'filed.doctor': [move('answer', 'closed', 'requester', ['followed', 'final_diagnosis', 'rating'])],
};
const study = { study_uid: '1.2.826.0.1.3680043.8.498.1', resource: 'ImagingStudy/s1', modality: 'CT', description: '头颅平扫', started: ago(120), instances: 180, quality: 'lossless', note: 'demo: side not verified', identity: { study: { name: '林小海', id: 'H00123', birth_date: '1985-02-27', sex: 'M' }, patient: { name: '林小海', id: 'H00123', birth_date: '1985-02-28', sex: 'male' }, differences: ['birth_date'] }, attached_by: 'system', confirmed: null };
const cases = new Map();
function addCase(id, state, patient, clocks, more = {}) {
  cases.set(id, {
    case: id, number: `C-20261121-000${cases.size + 1}`, version: 3, machine: 'consult', state, urgency: ['urgent', 'routine', 'emergency'][cases.size % 3], patient, clocks, created: ago(200), form: state === 'draft' ? null : request, drafts: {}, uploads: new Map(), blobs: new Map(),
    attachments: state === 'draft' ? [] : [{ n: 1, kind: 'film', content_type: 'image/jpeg', size_bytes: 183220, width: 1600, height: 1200, title: '外院胶片', added: ago(100), quality: 'photo', warning: 'photo_no_measuring' }], studies: state === 'draft' ? [] : [{ ...study }], messages: [{ id: 'm1', by: { reference: 'Practitioner/dr.shen', name: '沈渔' }, sent: ago(55), text: '船最晚 17:00 开，之后要等明早。' }],
    timeline: [{ seq: 1, kind: 'move', action: 'create', from: null, to: 'draft', by: { name: '沈渔' }, organisation: clinic, occurred: ago(200), recorded: ago(200), late_entry: false, reason: null, signed: false, details: {} }, { seq: 2, kind: 'move', action: 'submit', from: 'draft', to: 'material_check', by: { name: '沈渔' }, organisation: clinic, occurred: ago(90), recorded: ago(60), late_entry: true, reason: null, signed: true, details: {} }], opinion: null, ...more,
  });
}
addCase('c1', 'draft', patients[4], []);
addCase('c2', 'material_check', patients[0], [clock('check', 60, 150), clock('done', 60, 3000)]);
addCase('c3', 'returned', patients[1], [clock('done', 600, 2000, { paused: 'material_missing' })], { timeline: [{ seq: 1, kind: 'move', action: 'give_back', from: 'material_check', to: 'returned', by: { name: '陆安' }, organisation: hub, occurred: ago(20), recorded: ago(20), late_entry: false, reason: '心电图看不清', signed: false, details: { missing_items: [{ code: 'ecg', text: '十二导心电图，走纸 25 mm/s' }, { code: 'lab', text: '' }] } }] });
addCase('c4', 'scheduled', patients[2], [clock('offer', 100, 140)]);
addCase('c5', 'opinion_draft', patients[0], [clock('opinion', 1300, 140)]);
addCase('c6', 'opinion_signed', patients[3], [clock('read_back', 60, 60), clock('file', 60, 1380)], { opinion: { resource: 'Composition/o', report: 'DiagnosticReport/o', version: 1, state: 'valid', flagged: null, signed: ago(60), signer: { reference: 'Practitioner/ex.gu', name: '顾明远' }, findings: '右侧颞部薄层硬膜下高密度影，最厚处约 4 mm，中线无移位，脑沟清晰，未见骨折线。', do_now: '停用阿司匹林；头高 30 度；每小时查意识和瞳孔。', when_to_send: '今天 17:00 前乘船转县医院，途中一名医护陪同，带氧气和甘露醇。', danger_signs: '意识变差、再次呕吐、一侧瞳孔变大、抽搐。', call: '县医院神经外科值班 000-5550201', act_by: 'today', items_seen: [{ item: 'study/1', title: 'CT 头颅平扫', quality: 'lossless', seen: true }, { item: 'attachment/1', title: '胶片照片', quality: 'photo', seen: true }], key_images: [], pdf: '/flow/cases/c6/opinion.pdf', verify: '/verify/x', versions: [{ version: 1, signed: ago(60), reason: null }] } });
addCase('c7', 'filed', patients[4], [clock('feedback', 600, 9000)]);
const inList = { drafts: ['draft'], requested: ['material_check', 'scheduled', 'opinion_draft'], returned: ['returned'], inbox: ['opinion_signed', 'filed'], desk: ['material_check'], arranged: ['scheduled', 'opinion_draft'], late: [], offers: ['scheduled'], writing: ['opinion_draft'], signed: ['opinion_signed', 'filed'], closed: ['closed'] };
const age = (birth) => `${new Date().getFullYear() - Number(birth.slice(0, 4))} y`;
const rowsOf = (list) => [...cases.values()].filter((one) => inList[list]?.includes(one.state));
const shortPatient = (one) => ({ reference: `Patient/${one.id}`, name: one.name[0].text, sex: one.gender, age: age(one.birthDate), birth_date: one.birthDate, id_tail: one.identifier[0].value.slice(-4) });

function caseView(one, me) {
  const moves = movesOf[`${one.state}.${me.role}`] ?? [];
  const base = { case: one.case, view: 'full', version: one.version, machine: 'consult', state: one.state, state_title: `consult.state.${one.state}`, urgency: one.urgency, clocks: one.clocks, moves };
  if (one.state === 'scheduled' && me.role === 'expert') return { ...base, view: 'offer', purpose: request.purpose, summary: request.summary, question: request.question, specialty: request.specialty, patient: { sex: one.patient.gender, age: age(one.patient.birthDate) }, offered: ago(30), my_roles: ['expert'] };
  return {
    ...base, number: one.number, ended: one.state === 'closed', created: one.created, task: `Task/${one.case}`, patient: shortPatient(one.patient), from: clinic, to: hub, my_roles: [{ doctor: 'requester', coordinator: 'coordinator', expert: 'lead_expert' }[me.role]], why: { reason: me.role === 'doctor' ? 'care' : me.role === 'expert' ? 'case_expert' : 'case_desk', until: me.role === 'expert' ? ago(-9000) : null },
    participants: [{ role: 'requester', person: { reference: 'Practitioner/dr.shen', name: '沈渔' }, organisation: clinic, status: 'active' }, { role: 'lead_expert', person: { reference: 'Practitioner/ex.gu', name: '顾明远' }, organisation: hub, status: 'accepted', specialty: 'neurosurgery', required: true }],
    timeline: one.timeline, form: one.form, drafts: one.drafts, items: { attachments: one.attachments.map((item) => ({ ...item, added_by: { name: '沈渔' }, url: `/flow/cases/${one.case}/attachments/${item.n}` })), studies: one.studies }, messages: one.messages, consent: null, opinion: one.opinion,
    clinic_card: { organisation: clinic, drugs: ['阿司匹林 100 mg', '甘露醇 250 mL', '呋塞米注射液 20 mg'], devices: ['十二导心电图机', '血压计', '指夹血氧仪', '氧气瓶 2 个'], transport: '渡船到东澜镇 50 分钟，每天 7:00–17:00；夜间停航。', phone: '000-5550411', updated: ago(9000) }, feedback: null,
  };
}

const outcome = (status, code, diagnostics = '') => ({ status, body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'processing', diagnostics, details: { coding: [{ system: 'urn:qiao:error', code }] } }] } });
const ok = (body, status = 200, headers = {}) => ({ status, body, headers });
const part = (parameters, name) => parameters?.parameter?.find((one) => one.name === name);
const valueOf = (one) => one && Object.entries(one).find(([key]) => key.startsWith('value'))?.[1];
const sockets = new Set();
function tell(one) {
  for (const socket of sockets) {
    socket.seq += 1;
    socket.send(JSON.stringify({ type: 'case', seq: socket.seq, id: one.case, version: one.version }));
    for (const list of listsOf[socket.me.role]) socket.send(JSON.stringify({ type: 'list', seq: ++socket.seq, list, count: rowsOf(list).length }));
  }
}

const identityPair = { study: { name: 'LIN^XIAOHAI', id: 'H00123', birth_date: '1985-02-27', sex: 'M' }, patient: { name: '林小海', id: 'H00123', birth_date: '1985-02-28', sex: 'male' }, differences: ['birth_date'] };
const record = {
  Condition: [{ resourceType: 'Condition', id: 'k1', code: { text: '高血压' }, recordedDate: '2019-03-02' }],
  Observation: [{ resourceType: 'Observation', id: 'o1', code: { text: '收缩压' }, effectiveDateTime: '2026-09-01', valueQuantity: { value: 152, unit: 'mmHg' } }],
  MedicationRequest: [{ resourceType: 'MedicationRequest', id: 'd1', medicationCodeableConcept: { text: '氨氯地平 5 mg' }, authoredOn: '2026-09-01' }],
  Organization: [{ resourceType: 'Organization', id: 'hub', name: hub.name }, { resourceType: 'Organization', id: 'county', name: '澜湾县人民医院' }],
};

function route(method, path, query, text, headers, me) {
  const json = () => JSON.parse(text.toString('utf8') || 'null');
  const match = (pattern) => pattern.exec(path);
  let found;
  if (path === '/access/session' && method === 'GET') return me ? ok(me.session) : outcome(401, 'access.no_session');
  if (path === '/access/demo-users') return ok(Object.entries(users).map(([login, one]) => ({ login, name: one.name, role: one.role, organisation: one.organisation.name, organisationEn: one.en })));
  if (path === '/access/session' && method === 'DELETE') return ok(undefined, 204, { 'Set-Cookie': 'mock=; Path=/; Max-Age=0' });
  if (path === '/access/demo-session' || (path === '/access/session' && method === 'POST')) {
    const login = json().login;
    const one = users[login];
    if (!one || (path === '/access/session' && json().password !== 'demo')) return outcome(401, 'access.wrong_login');
    const token = randomUUID();
    const session = { person: { id: login, name: one.name, login, practitioner: `Practitioner/${login}` }, memberships: [{ organisation: { id: one.organisation.reference, name: one.organisation.name, nameEn: one.en, kind: 'clinic', resource: one.organisation.reference }, role: one.role, roleName: one.role }], demo: true, expiresAt: ago(-600), idleMinutes: 15, stepUpUntil: null };
    sessions.set(token, { session, role: one.role, name: one.name, token });
    return ok(session, 200, { 'Set-Cookie': `mock=${token}; Path=/; HttpOnly` });
  }
  if (path === '/csp-report') { reports.push(text.toString()); console.error('CSP', text.toString().slice(0, 400)); return ok(undefined, 204); }
  if (path === '/mock/csp-reports') return ok(reports);
  if (path === '/mock/end') { for (const socket of sockets) socket.send(JSON.stringify({ type: 'ended', seq: 1, code: 'access.session_revoked' })); sessions.clear(); return ok({}); }
  if (!me) return outcome(401, 'access.no_session');
  if (path === '/access/organisations') return ok({ organisations: [{ id: '1', name: hub.name, nameEn: 'Wanghai Central Hospital', kind: 'hub', resource: hub.reference }, { id: '2', name: '澜湾县人民医院', nameEn: 'Lanwan County Hospital', kind: 'county', resource: 'Organization/county' }] });
  if (path === '/access/step-up') return ['demo', ''].includes(json().password) ? ok({ until: ago(-5) }) : outcome(401, 'access.wrong_password');
  if ((found = match(/^\/fhir\/(\w+)\/_search$/))) {
    const form = new URLSearchParams(text.toString());
    const list = found[1] === 'Patient' ? patients.filter((one) => !form.get('name') || one.name[0].text.includes(form.get('name'))) : (record[found[1]] ?? []);
    return ok({ resourceType: 'Bundle', type: 'searchset', total: list.length, entry: list.map((resource) => ({ resource })) });
  }
  if ((found = match(/^\/fhir\/Patient\/(p\d+)$/))) return ok(patients[Number(found[1].slice(1))]);
  if (path === '/fhir/Patient/$register') {
    const patient = part(json(), 'patient').resource;
    const same = patients.filter((one) => one.name[0].text === patient.name[0].text);
    if (same.length > 0 && !valueOf(part(json(), 'confirmed'))) { const refused = outcome(409, 'patient.likely_duplicate'); refused.body.contained = same; return refused; }
    patient.id = `p${patients.length}`;
    patient.identifier ??= [{ system: 'urn:qiao:temporary', value: `T-${patients.length}` }];
    patients.push(patient);
    return ok(patient, 201);
  }
  if (path === '/fhir/Task/$create') {
    const id = `n${cases.size}`;
    const patient = patients.find((one) => `Patient/${one.id}` === part(json(), 'patient').valueReference.reference);
    addCase(id, 'draft', patient, [], { messages: [], timeline: [] });
    return ok({ resourceType: 'Parameters', parameter: [{ name: 'task', resource: { id } }] }, 201, { Location: `/fhir/Task/${id}` });
  }
  if ((found = match(/^\/fhir\/Task\/(\w+)\/\$move$/))) {
    const one = cases.get(found[1]);
    if (headers['if-match'] !== `W/"${one.version}"`) return outcome(412, 'flow.version_stale');
    const action = valueOf(part(json(), 'action'));
    const wanted = (movesOf[`${one.state}.${me.role}`] ?? []).find((candidate) => candidate.action === action);
    if (!wanted) return outcome(409, 'flow.not_open');
    const input = part(json(), 'input')?.part ?? [];
    const draft = input.find((field) => field.name === 'draft');
    if (draft) one.form = one.drafts.request?.body ?? one.form;
    if (action === 'attach_study') one.studies.push({ ...study, study_uid: valueOf(input.find((field) => field.name === 'study_uid')), confirmed: { by: { name: me.name }, at: ago(0) } });
    const from = one.state;
    if (wanted.to !== '=') one.state = action === 'accept' ? 'opinion_draft' : wanted.to;
    if (action === 'sign') one.opinion = { ...cases.get('c6').opinion, ...Object.fromEntries(input.filter((field) => !field.part).map((field) => [field.name, valueOf(field)])), items_seen: input.filter((field) => field.name === 'items_seen').map((field) => ({ item: valueOf(field), quality: 'lossless' })), key_images: [] };
    one.version += 1;
    one.timeline.push({ seq: one.timeline.length + 1, kind: 'move', action, from, to: one.state, by: { name: me.name }, organisation: hub, occurred: ago(0), recorded: ago(0), late_entry: false, reason: valueOf(part(json(), 'reason')) ?? null, signed: wanted.signs !== null, details: { missing_items: input.filter((field) => field.name === 'missing_items').map((field) => ({ code: valueOf(field.part?.[0]), text: valueOf(field.part?.[1]) })) } });
    tell(one);
    return ok({ resourceType: 'Parameters', parameter: [{ name: 'task', resource: { id: one.case } }] });
  }
  if (path === '/flow/worklists') return ok({ worklists: listsOf[me.role].map((name) => ({ name, title: `flow.list.${name}`, count: rowsOf(name).length, urgent: rowsOf(name).filter((one) => one.urgency !== 'routine').length })) });
  if ((found = match(/^\/flow\/worklists\/(\w+)$/))) {
    const list = found[1];
    const rows = rowsOf(list).map((one) => ({ case: one.case, number: one.number, version: one.version, machine: 'consult', state: one.state, state_title: '', title: 'consult.title', urgency: one.urgency, patient: list === 'offers' ? { sex: one.patient.gender, age: age(one.patient.birthDate) } : shortPatient(one.patient), purpose: 'diagnosis', specialty: 'neurosurgery', waiting_since: ago(60), clocks: one.clocks, from: clinic, to: hub, requester: { name: '沈渔' }, expert: { name: '顾明远' } }));
    return ok({ list, count: rows.length, rows });
  }
  if (path === '/flow/unmatched-studies') return ok({ studies: [{ study_uid: '1.2.3.4', received: ago(8), modality: 'CT', description: '头颅平扫', started: ago(30), instances: 180, station: 'CT01', organisation: { name: '澜湾县人民医院' }, identity: identityPair.study }] });
  if (path === '/flow/packs/specialties') return ok({ specialties: [{ code: 'neurosurgery', zh: '神经外科', en: 'Neurosurgery' }, { code: 'cardiology', zh: '心血管内科', en: 'Cardiology' }] });
  if (path === '/flow/packs/missing_items') return ok({ missing_items: ['photo_unclear', 'study_missing', 'ecg', 'lab', 'vitals', 'other'].map((code) => ({ code })) });
  if (path === '/flow/clinic-card') return ok(method === 'PUT' ? json() : caseView(cases.get('c2'), me).clinic_card);
  if ((found = match(/^\/flow\/cases\/(\w+)(\/.*)?$/))) {
    const one = cases.get(found[1]);
    const rest = found[2] ?? '';
    if (!one) return outcome(404, 'flow.no_case');
    if (rest === '') return ok(caseView(one, me));
    if (rest === '/messages') { one.messages.push({ id: randomUUID(), by: { reference: me.session.person.practitioner, name: me.name }, sent: ago(0), text: json().text }); tell(one); return ok({}, 201); }
    if (rest === '/identity') return ok(identityPair);
    if (rest === '/experts') return ok({ experts: [{ reference: 'Practitioner/ex.gu', name: '顾明远', organisation: hub, specialties: ['neurosurgery'], open_cases: 2 }, { reference: 'Practitioner/ex.bo', name: '柏青', organisation: hub, specialties: ['neurology'], open_cases: 0 }] });
    if (rest === '/consent-text') return ok({ text: query.get('lang') === 'en' ? `Your summary, vital signs, photos and images go to ${hub.name} for one consultation. They are kept there for 15 years with the record. You may withdraw at any time at this clinic.` : `您的病情摘要、生命体征、照片和影像将发送给${hub.name}用于本次会诊，随病历保存 15 年。您可以随时在本卫生室撤回同意。` });
    if (rest.startsWith('/drafts/')) {
      const name = rest.slice(8);
      const kept = one.drafts[name] ?? { version: 0 };
      if (method === 'GET') return ok(kept);
      if (json().version !== kept.version) return outcome(412, 'flow.draft_stale');
      one.drafts[name] = { version: kept.version + 1, saved: ago(0), body: json().body };
      return ok({ version: kept.version + 1, saved: ago(0) });
    }
    if (rest === '/uploads') {
      const start = json();
      const upload = one.uploads.get(start.upload_id) ?? { ...start, bytes: Buffer.alloc(0) };
      one.uploads.set(start.upload_id, upload);
      return ok({ upload: start.upload_id, offset: upload.bytes.length, chunk_bytes: 65536 }, 201);
    }
    if (rest.startsWith('/uploads/')) {
      const upload = one.uploads.get(rest.slice(9));
      upload.bytes = Buffer.concat([upload.bytes, text]);
      if (upload.bytes.length < upload.size_bytes) return ok(undefined, 204, { 'Upload-Offset': String(upload.bytes.length) });
      const attachment = { n: one.attachments.length + 1, kind: upload.kind, content_type: upload.content_type, size_bytes: upload.size_bytes, title: upload.title, added: ago(0), quality: 'photo', warning: upload.kind === 'film' ? 'photo_no_measuring' : null };
      one.attachments.push(attachment);
      one.blobs.set(attachment.n, upload.bytes);
      tell(one);
      return ok({ attachment }, 200, { 'Upload-Offset': String(upload.bytes.length) });
    }
    if (rest.startsWith('/attachments/')) {
      const n = Number(rest.slice(13));
      if (method === 'DELETE') { one.attachments = one.attachments.filter((item) => item.n !== n); tell(one); return ok(undefined, 204); }
      const bytes = one.blobs.get(n);
      return bytes ? { status: 200, bytes, type: one.attachments.find((item) => item.n === n)?.content_type } : { status: 200, bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="400" height="300" fill="#345"/><circle cx="200" cy="150" r="90" fill="#9ab"/></svg>'), type: 'image/svg+xml' };
    }
  }
  return outcome(404, 'http.not_found');
}

const server = createServer(async (incoming, answer) => {
  const url = new URL(incoming.url, 'http://mock');
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const token = /mock=([\w-]+)/.exec(incoming.headers.cookie ?? '')?.[1];
  if (url.pathname === '/' || url.pathname.startsWith('/app')) {
    const nonce = randomBytes(16).toString('base64');
    const html = (await readFile(join(dist, 'index.html'), 'utf8')).replaceAll('__CSP_NONCE__', nonce);
    answer.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-cache', 'Content-Security-Policy': `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; report-uri /csp-report` });
    return answer.end(html);
  }
  if (url.pathname.startsWith('/assets/')) {
    const bytes = await readFile(join(dist, url.pathname)).catch(() => undefined);
    answer.writeHead(bytes ? 200 : 404, { 'Content-Type': types[extname(url.pathname)] ?? 'application/octet-stream' });
    return answer.end(bytes);
  }
  const result = route(incoming.method, url.pathname, url.searchParams, Buffer.concat(chunks), incoming.headers, sessions.get(token));
  answer.writeHead(result.status, { 'Content-Type': result.type ?? 'application/json', ...result.headers });
  answer.end(result.bytes ?? (result.body === undefined ? undefined : JSON.stringify(result.body)));
});
const line = new WebSocketServer({ noServer: true, handleProtocols: () => 'qiao.events.1' });
server.on('upgrade', (incoming, socket, head) => {
  const me = sessions.get(/mock=([\w-]+)/.exec(incoming.headers.cookie ?? '')?.[1]);
  if (!me) return socket.destroy();
  line.handleUpgrade(incoming, socket, head, (one) => {
    one.me = me;
    one.seq = 0;
    sockets.add(one);
    one.on('close', () => sockets.delete(one));
  });
});
server.listen(port, '127.0.0.1', () => console.log(`mock http=127.0.0.1:${port}`));
