/** Registration of patients, the phones that the clinic binds to them, and what they ask of the privacy officer. */
import type { Patient } from './fhir';
import { ApiError, get, post, send } from './http';

export type Relation = 'self' | 'guardian' | 'proxy';

export interface BoundPhone {
  id: string;
  name: string;
  phone: string;
  relation: Relation;
  since: string;
  until?: string;
  used: string;
  boundBy?: string;
}

export interface BindingInput {
  relation: Relation;
  name?: string;
  idNumber?: string;
  phone: string;
  until?: string;
  reason?: string;
  identityChecked: boolean;
}

export type RequestKind = 'objection' | 'correction' | 'deletion' | 'names';

/** What a patient asked of the centre, as the patient reads it. */
export interface Asked {
  id: number;
  number: string;
  kind: RequestKind;
  item: string;
  text: string;
  state: 'open' | 'taken' | 'answered';
  created: string;
  due: string;
  late: boolean;
  /** `withdrawn`: by who asked, before there was an answer. */
  outcome?: 'done' | 'partly' | 'refused' | 'withdrawn';
  answer?: string;
  answered?: string;
  answeredBy?: { name: string; nameEn?: string };
}

/** The same for the privacy officer. */
export interface PatientRequest extends Asked {
  patient: { id: string; name?: string; birthDate?: string };
  askedBy?: string;
  phone?: string;
  officer?: string;
  officerEn?: string;
}

export const readPhones = async (patient: string, signal?: AbortSignal) => (await get<{ phones: BoundPhone[] }>(`/access/patients/${patient}/phones`, signal ? { signal } : {})).phones;
export const offerPhone = (patient: string, input: BindingInput) => post<{ code: string; until: string; ends?: string }>(`/access/patients/${patient}/phones`, input);
export const endPhone = (patient: string, account: string) => post<undefined>(`/access/patients/${patient}/phones/${account}/end`, {});
export const readPatientRequests = async (signal?: AbortSignal) => (await get<{ requests: PatientRequest[] }>('/access/patient-requests', signal ? { signal } : {})).requests;
export const takeRequest = (id: number) => post<undefined>(`/access/patient-requests/${id}/take`, {});
export const answerRequest = (id: number, outcome: string, answer: string, against: string) => post<undefined>(`/access/patient-requests/${id}/answer`, { outcome, answer, ...(against ? { against } : {}) });

/**
 * Registers a patient at the own institution; the same `id` with the same content sent again is one registration.
 * ApiError `patient.likely_duplicate` unless `confirmed`: see likelyDuplicates().
 */
export async function registerPatient(id: string, patient: Patient, noIdReason: string, confirmed: boolean): Promise<Patient> {
  const parameter: object[] = [
    { name: 'patient', resource: patient },
    { name: 'confirmed', valueBoolean: confirmed },
  ];
  if (noIdReason !== '') parameter.push({ name: 'noIdReason', valueCode: noIdReason });
  return (await send<Patient>('POST', '/fhir/Patient/$register', { body: { resourceType: 'Parameters', parameter }, headers: { 'X-Request-Id': id } })).data;
}

/** The patients whom a refused registration may mean; undefined when it was refused for something else. */
export function likelyDuplicates(cause: unknown): Patient[] | undefined {
  if (!(cause instanceof ApiError) || cause.code !== 'patient.likely_duplicate') return undefined;
  return ((cause.body as { contained?: Patient[] } | undefined)?.contained ?? []).filter((one) => one.resourceType === 'Patient');
}
