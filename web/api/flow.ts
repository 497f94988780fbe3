/** Cases as `docs/case-api.md` puts them on the wire: types and calls, no rule of any state. */
import type { ConsentView, ConsentWire } from './consent';
import { get, newId, post, send, type Answer } from './http';

export interface Named {
  reference: string;
  name: string;
  name_en?: string | null;
}
export type Urgency = 'routine' | 'urgent' | 'emergency';

export interface Clock {
  name: string;
  due: string | null;
  started: string;
  kind?: string;
  paused: string | null;
  level: number;
  share: number;
  stopped?: string | null;
  /** By the stated time, and by the time at which it was written down. */
  verdict?: 'on_time' | 'late' | null;
  verdict_recorded?: 'on_time' | 'late' | null;
}

export interface WorklistHead {
  name: string;
  title: string;
  count: number;
  urgent: number;
}

export interface WorklistRow {
  case: string;
  number?: string;
  version: number;
  machine: string;
  state: string;
  state_title: string;
  title: string;
  urgency: Urgency;
  patient: { reference?: string; name?: string; sex?: string; age?: string; birth_date?: string };
  purpose?: string;
  specialty?: string;
  waiting_since?: string;
  clocks: Clock[];
  from?: Named;
  to?: Named;
  requester?: Named;
  expert?: Named;
}

export interface Worklist {
  list: string;
  count: number;
  next?: string | null;
  rows: WorklistRow[];
}

export interface CodedItem {
  code: string;
  text?: string;
}

export interface TimelineEntry {
  seq: number;
  kind: string;
  machine: string;
  action: string;
  title: string;
  from: string | null;
  to: string | null;
  by: Named | null;
  role: string | null;
  organisation?: Named | null;
  occurred: string;
  recorded: string;
  late_entry: boolean;
  reason: string | null;
  signed: boolean;
  details: Record<string, unknown>;
}

export interface Move {
  action: string;
  title: string;
  to: string;
  who: string;
  needs: string[];
  signs: string | null;
  deadline: string | null;
  blocked: string | null;
  form?: string | null;
}

export interface Attachment {
  n: number;
  kind: string;
  content_type: string;
  size_bytes: number;
  width?: number;
  height?: number;
  /** Of a voice note. */
  seconds?: number | null;
  title?: string;
  taken?: string | null;
  added: string;
  added_by?: Named;
  quality: string;
  warning?: string | null;
  resource?: string;
  url: string;
}

export interface IdentitySide {
  name: string;
  id: string;
  birth_date: string;
  sex: string;
}
export interface IdentityPair {
  study: IdentitySide;
  patient: IdentitySide;
  differences: string[];
}

export interface CaseStudy {
  study_uid: string;
  resource?: string;
  modality: string;
  description: string;
  started: string;
  instances: number;
  quality: string;
  note?: string | null;
  identity: IdentityPair;
  attached_by?: 'system' | Named;
  confirmed: { by: Named; at: string } | null;
}

export interface Message {
  id: string;
  by: Named;
  sent: string;
  text: string;
}

export interface Opinion {
  resource: string;
  report: string;
  version: number;
  state: 'valid' | 'valid-certificate-since-expired' | 'amended' | 'altered' | 'unknown-signer' | 'revoked-before';
  /** What the certificate is worth, and whose it is when it is not this system's own. */
  assurance?: 'internal' | 'own' | 'licensed';
  authority?: string;
  seal?: { organisation: Named; state: string };
  flagged: { reason: string; study_uid?: string } | null;
  signed: string;
  signer: Named;
  findings: string;
  do_now: string;
  when_to_send: string;
  danger_signs: string;
  call: string;
  act_by: 'now' | 'today' | 'routine';
  items_seen: { item: string; title?: string; quality: string; seen?: boolean; later_images?: number }[];
  key_images: string[];
  pdf: string;
  verify: string;
  versions: { version: number; signed: string; reason: string | null }[];
}

export interface ClinicCard {
  organisation?: Named;
  drugs: string[];
  devices: string[];
  transport?: string | null;
  phone?: string | null;
  updated?: string | null;
}

export type Status = 'given' | 'none' | 'not_asked' | 'not_applicable';
export interface RequestForm {
  purpose?: string;
  specialty?: string;
  rank?: string;
  urgency?: Urgency;
  receiver?: string;
  summary?: string;
  question?: string;
  vitals?: { status: Status; taken?: string; values?: { code: string; value: number }[] };
  allergies?: { status: Status; items?: { text: string; reaction?: string }[] };
  drugs?: { status: Status; items?: { text: string; dose?: string }[] };
  pregnancy?: { status: Status; value?: 'pregnant' | 'not_pregnant'; weeks?: number };
  weight?: { status: Status; value_kg?: number };
  attachments?: { status: Status };
  consent?: ConsentWire;
  labels_shown?: string[];
}

export interface EmergencyNumber {
  number: string;
  zh: string;
  en: string;
}
export interface Emergency {
  hub_phone: string;
  numbers: EmergencyNumber[];
  phone_advice: { text: string; read_back_text: string; by: Named; at: string } | null;
}
/** What one of several experts signed beside the lead's opinion. */
export interface ExpertPart {
  by: Named;
  specialty: string;
  stance: 'agree' | 'dissent';
  signed: string;
  text: string | null;
}

export interface CaseView {
  case: string;
  number?: string;
  view: 'full' | 'offer';
  version: number;
  machine: string;
  state: string;
  state_title: string;
  ended?: boolean;
  urgency: Urgency;
  created?: string;
  pack?: string;
  task?: string;
  request?: string;
  patient: { reference?: string; name?: string; sex?: string; birth_date?: string; age?: string; id_tail?: string; deceased?: string };
  from?: Named;
  to?: Named;
  my_roles: string[];
  why?: { reason: string; until: string | null };
  participants?: { role: string; person: Named; organisation: Named; status: string; specialty?: string; required?: boolean; reason?: string | null }[];
  clocks: Clock[];
  timeline?: TimelineEntry[];
  notices?: import('./notify').CaseNotice[];
  moves: Move[];
  form?: RequestForm | null;
  drafts?: Record<string, { version: number; saved: string; body: unknown }>;
  items?: { attachments: Attachment[]; studies: CaseStudy[] };
  messages?: Message[];
  consent?: ConsentView | null;
  opinion?: Opinion | null;
  clinic_card?: ClinicCard | null;
  /** Sensitivity labels of this case. */
  labels?: string[];
  /** Asked for and not answered yet; said to be out of reach by the clinic. */
  missing_items?: CodedItem[];
  not_obtainable?: string[];
  /** When the session begins; null for a written case. */
  time?: string | null;
  feedback?: { followed: string; not_followed?: string; final_diagnosis: string; rating: number } | null;
  purpose?: string;
  summary?: string;
  question?: string;
  specialty?: string;
  offered?: string;
  parts?: ExpertPart[];
  missing_specialties?: string[];
  emergency?: Emergency | null;
  fee?: { amount_minor: number; currency: string } | null;
  /** What the sender's own office did with the request; null where it is not asked. */
  office?: { state: 'waiting' | 'approved' | 'not_reviewed' | 'sent_back'; by?: Named; at?: string; reason?: string } | null;
  /** Of the offer of an emergency. */
  callback?: string;
  vitals?: RequestForm['vitals'];
}

export interface Reachable {
  organisation: Named;
  phone: string;
  numbers: EmergencyNumber[];
  on_duty: (Named & { specialty: string; rank: string; place: number; live: boolean })[];
  experts: number;
}
/** The audit hears that the page of a case leaves the screen on paper. */
export const notePrinted = (id: string) => post<undefined>(`/flow/cases/${id}/printed`, {});
export const readReachable = (receiver: string, specialty: string, signal?: AbortSignal) =>
  get<Reachable>(`/flow/reachable?${new URLSearchParams({ receiver, specialty })}`, signal ? { signal } : {});

export interface BoardRow {
  case: string;
  number: string;
  machine: string;
  state_title: string;
  urgency: Urgency;
  clock: string;
  share: number;
  due: string | null;
  paused: string | null;
  paused_at: string | null;
  runs_on_at: string | null;
  owner: 'requester' | 'expert' | 'desk' | 'office';
  person: Named | null;
  from: Named | null;
  to: Named | null;
}
export const readBoard = (signal?: AbortSignal) => get<{ now: string; limit: number; rows: BoardRow[] }>('/flow/board', signal ? { signal } : {});

export interface Spread {
  n: number;
  median_min?: number;
  p90_min?: number;
}
export interface Turnaround {
  cases: number;
  judged: number;
  on_time: number;
  accepted: Spread;
  signed: Spread;
  counted: Spread;
}
export interface FigureLine {
  case: string;
  number: string;
  from: Named;
  urgency: Urgency;
  state: string;
  submitted: string;
  accepted_min: number | null;
  signed_min: number | null;
  counted_min: number | null;
  on_time: boolean | null;
  given_back: boolean;
  followed: string | null;
  /** Code of why, where the advice was not followed in full. */
  not_followed: string | null;
}
export interface Figures {
  definition: string;
  ordinary: Turnaround;
  emergency: Turnaround;
  complete: boolean;
  lines: FigureLine[];
}
export interface FeeLine {
  case: string;
  number: string;
  from: Named;
  to: Named;
  amount_minor: number;
  currency: string;
  state: 'due' | 'paid' | 'waived';
  signed: string;
  changed_by: Named | null;
  reason: string | null;
}
const inTime = (organisation: string, from: Date, until: Date) => new URLSearchParams({ organisation, from: from.toISOString(), until: until.toISOString() });
export const readFigures = (organisation: string, from: Date, until: Date, signal?: AbortSignal) => get<Figures>(`/flow/figures?${inTime(organisation, from, until)}`, signal ? { signal } : {});
export const readStatement = (organisation: string, from: Date, until: Date, signal?: AbortSignal) =>
  get<{ fees: FeeLine[] }>(`/flow/statement?${inTime(organisation, from, until)}`, signal ? { signal } : {}).then((answer) => answer.fees);
export const setFee = (id: string, state: FeeLine['state'], reason: string) => post<FeeLine>(`/flow/cases/${id}/fee`, { state, ...(reason ? { reason } : {}) });

export const readWorklists = (signal?: AbortSignal) => get<{ worklists: WorklistHead[] }>('/flow/worklists', signal ? { signal } : {}).then((answer) => answer.worklists);

export async function readWorklist(name: string, query: { sort?: string; q?: string; cursor?: string; count?: number }, signal?: AbortSignal): Promise<Worklist> {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) params.set(key, String(value));
  const tail = params.size > 0 ? `?${params}` : '';
  const list = await get<Worklist>(`/flow/worklists/${encodeURIComponent(name)}${tail}`, signal ? { signal } : {});
  // A row outlives the right to its patient (an expert's closed cases): it then names nobody.
  return { ...list, rows: list.rows.map((row) => ({ ...row, patient: (row.patient as WorklistRow['patient'] | null) ?? {} })) };
}

export async function readCase(id: string, signal?: AbortSignal): Promise<CaseView> {
  const view = await get<CaseView & { patient: CaseView['patient'] | null }>(`/flow/cases/${id}`, signal ? { signal } : {});
  // A person may follow a case without a right to the patient's record: the case then names nobody.
  return { ...view, patient: view.patient ?? {} };
}

/* ---- FHIR operations ---- */

export interface Parameter {
  name: string;
  part?: Parameter[];
  resource?: { id?: string; meta?: { versionId?: string } };
  [value: `value${string}`]: unknown;
}
interface Parameters {
  resourceType: 'Parameters';
  parameter: Parameter[];
}

export type Field = string | number | boolean | Field[] | { [name: string]: Field | undefined };

/** One field by the rule of the case API: text, number, truth, object as parts, list as repetition. */
export function toParameters(name: string, value: Field | undefined): Parameter[] {
  if (value === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((one) => toParameters(name, one));
  if (typeof value === 'boolean') return [{ name, valueBoolean: value }];
  if (typeof value === 'number') return [Number.isInteger(value) ? { name, valueInteger: value } : { name, valueDecimal: value }];
  if (typeof value === 'object') return [{ name, part: Object.entries(value).flatMap(([key, inner]) => toParameters(key, inner)) }];
  if (/^(Patient|Practitioner|Organization)\/[A-Za-z0-9.-]{1,64}$/.test(value)) return [{ name, valueReference: { reference: value } }];
  return [{ name, valueString: value }];
}

export async function createCase(input: { machine: string; createId: string; patient: string; basedOn?: string; fields?: Record<string, Field> }): Promise<string> {
  const parameter: Parameter[] = [
    { name: 'machine', valueCode: input.machine },
    { name: 'create_id', valueString: input.createId },
    { name: 'patient', valueReference: { reference: input.patient } },
  ];
  if (input.basedOn) parameter.push({ name: 'basedOn', valueReference: { reference: input.basedOn } });
  if (input.fields) parameter.push(...toParameters('input', input.fields));
  const answer = await send<Parameters>('POST', '/fhir/Task/$create', { body: { resourceType: 'Parameters', parameter } });
  const located = /\/Task\/([^/]+)/.exec(answer.headers.get('Location') ?? '')?.[1];
  const inBody = answer.data.parameter.find((one) => one.name === 'task')?.resource?.id;
  const id = located ?? inBody;
  if (!id) throw new Error('the answer names no case');
  return id;
}

export interface MoveRequest {
  id: string;
  version: number;
  action: string;
  moveId: string;
  reason?: string;
  occurred?: string;
  occurredReason?: string;
  fields?: Record<string, Field | undefined>;
}

export function makeMove(request: MoveRequest): Promise<Answer<Parameters>> {
  const parameter: Parameter[] = [
    { name: 'action', valueCode: request.action },
    { name: 'move_id', valueString: request.moveId },
  ];
  if (request.occurred) parameter.push({ name: 'occurred', valueInstant: request.occurred });
  if (request.occurredReason) parameter.push({ name: 'occurred_reason', valueCode: request.occurredReason });
  if (request.reason) parameter.push({ name: 'reason', valueString: request.reason });
  if (request.fields && Object.keys(request.fields).length > 0) parameter.push(...toParameters('input', request.fields as Field));
  return send<Parameters>('POST', `/fhir/Task/${request.id}/$move`, {
    body: { resourceType: 'Parameters', parameter },
    headers: { 'If-Match': `W/"${request.version}"` },
    timeoutMs: 60_000,
  });
}

/* ---- around a case ---- */

export interface DraftState {
  version: number;
  saved: string;
  body: unknown;
}
export const readDraft = (id: string, name: string) => get<DraftState>(`/flow/cases/${id}/drafts/${name}`);
export const saveDraft = async (id: string, name: string, version: number, body: unknown) =>
  (await send<{ version: number; saved: string }>('PUT', `/flow/cases/${id}/drafts/${name}`, { body: { version, body } })).data;
export const sendMessage = (id: string, text: string, messageId: string = newId()) =>
  post<{ id: string; sent: string }>(`/flow/cases/${id}/messages`, { message_id: messageId, text });
export const deleteAttachment = (id: string, n: number) => send<undefined>('DELETE', `/flow/cases/${id}/attachments/${n}`);

export interface UnmatchedStudy {
  study_uid: string;
  received: string;
  modality: string;
  description: string;
  started: string;
  instances: number;
  station?: string;
  organisation?: Named;
  identity: IdentitySide;
  accession?: string;
}
export const readUnmatched = (signal?: AbortSignal) =>
  get<{ studies: UnmatchedStudy[] }>('/flow/unmatched-studies', signal ? { signal } : {}).then((answer) => answer.studies);
export const readIdentity = (id: string, studyUid: string, signal?: AbortSignal) =>
  get<IdentityPair>(`/flow/cases/${id}/identity?study_uid=${encodeURIComponent(studyUid)}`, signal ? { signal } : {});

export interface ExpertChoice {
  reference: string;
  name: string;
  organisation?: Named;
  specialties: string[];
  /** Of the specialty that the request asks for. */
  fits?: boolean;
  open_cases: number;
  /** False where the licence has ended. */
  able?: boolean;
  rank?: string;
  /** Why this place in the list, most weighty first. */
  why?: string[];
}
export const readExperts = (id: string, q: string, signal?: AbortSignal) =>
  get<{ experts: ExpertChoice[] }>(`/flow/cases/${id}/experts?q=${encodeURIComponent(q)}`, signal ? { signal } : {}).then((answer) => answer.experts);

export const readClinicCard = (signal?: AbortSignal) => get<ClinicCard>('/flow/clinic-card', signal ? { signal } : {});
export const saveClinicCard = async (card: { drugs: string[]; devices: string[]; transport: string; phone: string }) =>
  (await send<ClinicCard>('PUT', '/flow/clinic-card', { body: card })).data;
