/** The audit as `/access/audit` and `/access/looks` tell it: references and codes, nothing clinical. */
import { get, post, send } from './http';
import type { Organisation } from './people';

export interface AuditRow {
  seq: number;
  at: string;
  action: string;
  outcome: 'success' | 'denied' | 'failed';
  role: string;
  type: string;
  source: string;
  purpose: string;
  session: string;
  detail: string;
  hash: string;
  person?: { name: string; nameEn?: string; practitioner: string; login: string };
  organisation?: Organisation;
  /** "Patient/…", when it is one. */
  patient?: string;
  /** How many it is about. */
  patients: number;
  resource?: string;
  version?: number;
  case?: { id: string; number: string };
}

/** Empty fields do not matter. */
export interface AuditQuestion {
  from: string;
  until: string;
  person: string;
  patient: string;
  organisation: string;
  action: string;
  outcome: string;
  case: string;
  source: string;
}

export interface AuditPage {
  rows: AuditRow[];
  next?: string;
  /** How far back this page looked. */
  searchedTo: string;
}

export interface ChainDefect {
  kind: 'altered' | 'missing' | 'reordered' | 'cut_off' | 'head_differs' | 'head_forged';
  first: number;
  last: number;
  /** As `qiao verify-audit` says it. */
  text: string;
}

export interface Chain {
  chain: number;
  rows: number;
  hash: string;
  anchored?: { seq: number; hash: string; at: string; fits: boolean };
  running?: { rows: number; total: number; started: string };
  check?: { started: string; ended: string; rows: number; heads: number; headSeq: number; headHash: string; defectCount: number; defects: ChainDefect[]; by?: { name: string; nameEn?: string } };
}

const filled = (question: AuditQuestion) => Object.fromEntries(Object.entries(question).filter(([, value]) => value !== ''));

export const searchAudit = (question: AuditQuestion, cursor?: string, signal?: AbortSignal) => post<AuditPage>('/access/audit/search', { ...filled(question), ...(cursor ? { cursor } : {}) }, signal ? { signal } : {});
export const readChain = (signal?: AbortSignal) => get<Chain>('/access/audit/chain', signal ? { signal } : {});
export const verifyChain = () => post<Chain>('/access/audit/verify', {});

/** The rows as a file; `more` when there were more than one file holds. */
export async function exportAudit(question: AuditQuestion, format: 'csv' | 'ndjson'): Promise<{ bytes: Blob; rows: number; more: boolean }> {
  const answer = await send<Blob>('POST', '/access/audit/export', { body: { ...filled(question), format }, timeoutMs: 120_000, file: true });
  return { bytes: answer.data, rows: Number(answer.headers.get('X-Qiao-Rows') ?? 0), more: answer.headers.get('X-Qiao-More') === 'true' };
}

/** What one session did with one part of a patient's record. */
export interface Look {
  first: string;
  last: string;
  act: string;
  category: string;
  why: string;
  count: number;
  role: string;
  organisation?: Organisation;
  case?: { id: string; number: string };
  person?: { name: string; nameEn?: string; practitioner: string };
}

export interface LooksPage {
  /** The officer's institution has no care of the patient: only what the own people did. */
  onlyOwnPeople: boolean;
  looks: Look[];
  next?: string;
}

export interface LooksQuestion {
  patient: string;
  from: string;
  until: string;
}

/** `act`: what is done with the answer; the audit says so. */
export const readLooks = (question: LooksQuestion, act: 'read' | 'export' | 'print', cursor = '', signal?: AbortSignal) =>
  get<LooksPage>(`/access/looks?${new URLSearchParams(Object.entries({ ...question, act, cursor, count: '200' }).filter(([, value]) => value !== ''))}`, signal ? { signal } : {});

export interface OddLook {
  id: string;
  kind: 'own_name' | 'colleague' | 'no_act' | 'many';
  first: string;
  last: string;
  count: number;
  patient?: string;
  person?: { name: string; nameEn?: string; practitioner: string };
  organisation?: Organisation;
  explained?: { at: string; text: string; by?: { name: string; nameEn?: string } };
}

export const readOddLooks = (week: string, signal?: AbortSignal) =>
  get<{ weeks: string[]; week: string; manyPatients: number; lines: OddLook[] }>(`/access/odd-looks${week ? `?${new URLSearchParams({ week })}` : ''}`, signal ? { signal } : {});
export const explainOddLook = (id: string, text: string) => post<undefined>(`/access/odd-looks/${id}/explain`, { text });
