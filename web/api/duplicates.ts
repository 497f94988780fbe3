/** Pairs of records that are probably one person, as `/access/duplicates` tells them. */
import type { Patient } from './fhir';
import { get, post } from './http';

export type PairState = 'open' | 'linked' | 'different';
export type Agreement = 'missing' | 'disagree' | 'near' | 'exact';

export interface DuplicatePair {
  id: string;
  state: PairState;
  grade: string;
  /** 0…1 */
  score: number;
  found: string;
  decided?: string;
  decidedBy?: { name: string; nameEn?: string };
  fields: { field: string; agreement: Agreement; bits: number }[];
  patients: [Patient, Patient];
}

export const readDuplicates = async (state: PairState, signal?: AbortSignal) => (await get<{ pairs: DuplicatePair[] }>(`/access/duplicates?${new URLSearchParams({ state })}`, signal ? { signal } : {})).pairs;
export const decideDuplicate = (id: string, verdict: 'same' | 'different' | 'undo') => post<undefined>(`/access/duplicates/${id}`, { verdict });
