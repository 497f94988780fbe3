/** Broken glass, sensitivity labels and why a patient is seen; what `/access/break-glass` and `/access/patients` say. */
import { get, post, send } from './http';
import type { Organisation } from './people';

export const kLabels = ['PSY', 'HIV', 'GDIS', 'STD', 'SUD', 'ETH', 'SEX', 'SDV', 'CEL', 'EMP', 'R', 'V'] as const;
export const kGlassReasons = ['emergency', 'unconscious', 'cover', 'other'] as const;

export interface OpenGlass {
  id: string;
  patient: string;
  starts: string;
  until: string;
  beatDenial: boolean;
  beatLabels: string[];
}
/** Who is meant, exactly. */
export interface Known {
  identifier: string;
  name: string;
}
export interface NamedPerson {
  practitioner: string;
  name: string;
  nameEn?: string;
}
export interface GlassReview {
  id: string;
  person: NamedPerson;
  organisation: Organisation;
  inCareOf: { name: string; nameEn?: string }[];
  reasonCode: string;
  reason: string;
  starts: string;
  until: string;
  ended: boolean;
  beatDenial: boolean;
  beatLabels: string[];
  due: string;
  overdue?: boolean;
  reviewedBy?: NamedPerson;
  reviewed?: string;
  verdict?: 'justified' | 'not_justified';
  verdictText?: string;
}
export interface Why {
  kind: 'care' | 'case' | 'treats' | 'glass';
  reason?: string;
  case?: string;
  since: string;
  until?: string;
  organisation?: Organisation;
}
export interface PatientRights {
  why: Why[];
  /** Institutions to which the patient denies the record; only for those who treat the patient. */
  denials?: { organisation?: Organisation; since: string; reason: 'withdrawn' | 'objection' }[];
  labels: string[];
  /** What this reader sees of labels on single things in the record. */
  present: string[];
  mayLabel: boolean;
  treating?: string[];
  changes?: { at: string; by: NamedPerson; labels: string[]; case?: string; reason: string }[];
}

export const readOpenGlass = (signal?: AbortSignal) => get<{ open: OpenGlass[] }>('/access/break-glass', signal ? { signal } : {}).then((answer) => answer.open);
export const findRecord = (known: Known) => post<{ records: number }>('/access/break-glass/find', known).then((answer) => answer.records);
export const breakGlass = (input: Known & { reasonCode: string; reason: string; minutes: number }) => post<{ open: OpenGlass[] }>('/access/break-glass', input).then((answer) => answer.open);
export const endGlass = (id: string) => post<undefined>(`/access/break-glass/${id}/end`, {});
export const readGlassReviews = (signal?: AbortSignal) => get<{ reviews: GlassReview[] }>('/access/break-glass/reviews', signal ? { signal } : {}).then((answer) => answer.reviews);
export const reviewGlass = (id: string, verdict: string, text: string) => post<undefined>(`/access/break-glass/${id}/review`, { verdict, text });
export const readRights = (patient: string, signal?: AbortSignal) => get<PatientRights>(`/access/patients/${patient}/rights`, signal ? { signal } : {});
export const setLabels = (patient: string, input: { labels: string[]; reason: string; people: string[] }) => send<undefined>('PUT', `/access/patients/${patient}/labels`, { body: input });
export const labelCase = (id: string, labels: string[], reason: string) => post<undefined>(`/flow/cases/${id}/labels`, { labels, reason });
