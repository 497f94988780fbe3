/** What `/patient` answers (docs/patients.md). */
import type { Asked, RequestKind } from '../../api/patients';
import { get, post, send } from '../../api/http';

export interface Named {
  name: string;
  name_en?: string;
}
export interface Self {
  id: string;
  name: string;
  birth_date: string;
  relation: 'self' | 'guardian' | 'proxy';
  until?: string;
}
export interface Account {
  name: string;
  phone: string;
  expires: string;
  people: Self[];
}
export interface State {
  demo: boolean;
  sms: boolean;
  idle_minutes: number;
  account: Account | null;
}
export interface CaseRow {
  case: string;
  number: string;
  state: string;
  urgency: string;
  sent: string;
  ended: boolean;
  from: Named;
  to: Named;
  with: 'from' | 'to' | null;
  until: string | null;
  has_opinion: boolean;
}
export interface Opinion {
  findings: string;
  do_now: string;
  when_to_send: string;
  danger_signs: string;
  call: string;
  act_by: string;
  signer: Named | null;
  signed: string;
  version: number;
  state: string;
  /** It is what was signed, by whom it says: it may be acted on. */
  good: boolean;
  verify: string;
}
export interface CaseView extends CaseRow {
  question: string | null;
  timeline: { action: string; at: string }[];
  opinion: Opinion | null;
}
export interface Consent {
  reference: string;
  case: string;
  number: string;
  given: string;
  by: string | null;
  to: Named;
  scope: 'consultation' | 'recording' | 'teaching';
  permits: boolean;
  holds: boolean;
  language: string | null;
  text_version: string | null;
  text: string;
}
export interface Measured {
  reference: string;
  code: string;
  text: string;
  value: string | null;
  at: string;
}
export interface HealthRecord {
  observations: Measured[];
  allergies: { reference: string; code: string; text: string; reaction: string; at: string }[];
  drugs: { reference: string; code: string; text: string; dosage: string | null; at: string }[];
  studies: { reference: string; modality: string; text: string | null; at: string | null; images: number | null }[];
}

const own = { ownSession: true };

export const readState = () => get<State>('/patient/session', own);
export const bind = (code: string, pin: string) => post<State>('/patient/binding', { code, pin }, own);
export const askCode = (number: string, language: string) => post<{ minutes: number; simulated_code?: string }>('/patient/session/code', { id_number: number, language }, own);
export const signIn = (number: string, code: string) => post<State>('/patient/session', { id_number: number, code }, own);
export const signOut = () => send<undefined>('DELETE', '/patient/session', own);

const of = (who: string, rest: string) => `/patient/${who}/${rest}`;
export const readCases = (who: string) => get<{ cases: CaseRow[] }>(of(who, 'cases'));
export const readCase = (who: string, id: string) => get<CaseView>(of(who, `cases/${id}`));
export const opinionUrl = (who: string, id: string) => of(who, `cases/${id}/opinion.pdf`);
export const readConsents = (who: string) => get<{ consents: Consent[] }>(of(who, 'consents'));
export const readRecord = (who: string) => get<HealthRecord>(of(who, 'record'));
export const readRequests = (who: string) => get<{ requests: Asked[] }>(of(who, 'requests'));
export const ask = (who: string, kind: RequestKind, item: string, text: string) => post<Asked>(of(who, 'requests'), { kind, item, text });
export const takeBack = (who: string, request: number) => post<undefined>(of(who, `requests/${request}/withdraw`), {});

/** An institution that sees nothing of the patient, or did not once. */
export interface Denial {
  organisation?: { name: string; nameEn?: string; resource: string };
  since: string;
  stands: boolean;
  reason?: 'withdrawn' | 'objection';
  by?: { name: string; nameEn?: string };
  byPatient: boolean;
}
export const readDenials = (who: string) => get<{ denials: Denial[] }>(of(who, 'denials'));
export const endDenial = (who: string, resource: string, pin: string) => post<{ denials: Denial[] }>(of(who, `denials/${resource.replace('Organization/', '')}/end`), { pin });

export interface Look {
  first: string;
  last: string;
  act: string;
  category: string;
  why: string;
  count: number;
  role: string;
  organisation?: { name: string; nameEn?: string; resource: string };
  case?: { id: string; number: string };
  person?: { name: string; nameEn?: string };
}
export const readLooks = (who: string, before?: string) => get<{ names: boolean; looks: Look[]; next?: string }>(of(who, `looks${before ? `?before=${before}` : ''}`));
export const pageUrl = (who: string) => of(who, 'page.pdf');
export const withdraw = (who: string, id: string, pin: string, scope: string, confirmed: boolean) => post<{ consents: Consent[] }>(of(who, `cases/${id}/withdraw`), { pin, scope, confirmed });

/** The zip of everything; a refusal has its code as elsewhere. */
export const exportAll = async (who: string, pin: string) => (await send<Blob>('POST', of(who, 'export'), { body: { pin }, timeoutMs: 120_000, file: true })).data;
