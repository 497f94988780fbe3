/** A consent as `docs/case-api.md` puts it on the wire. */
import type { Named } from './flow';
import { get } from './http';

export interface ConsentWire {
  by: string;
  name: string;
  relation?: string;
  id_type?: string;
  reason?: string;
  told: boolean;
  consultation?: boolean;
  recording?: boolean;
  teaching?: boolean;
  method?: string;
  signature?: number;
  print?: number;
  paper?: number[];
  witness?: { name: string; relation: string; signature?: number };
  language?: string;
  text_version?: string;
  text_digest?: string;
}

/** The answer in force: who gave it, how, to which words; `missing` has nothing else. */
export interface ConsentView {
  state: 'missing' | 'given' | 'relative' | 'refused' | 'withdrawn' | 'denied';
  by?: string;
  name?: string;
  relation?: string;
  reason?: string;
  method?: string;
  receiver?: Named | null;
  given?: string;
  text?: { version: string; language: string; digest: string };
  signature: string | null;
  print: string | null;
  paper: string[];
  witness?: { name: string; relation: string; signature: string | null };
  recording?: { answer: 'yes' | 'no'; withdrawn?: string };
  teaching?: { answer: 'yes' | 'no'; withdrawn?: string };
  withdrawn: string | null;
  withdrawn_by?: string;
  /** The patient is not shown this case. */
  withheld: boolean;
}

/** Evidence of a consent: no material for the experts. */
export const isOfConsent = (kind: string): boolean => kind.startsWith('consent_');

export interface ConsentText {
  text: string;
  consultation: string;
  recording: string;
  teaching: string;
  version: string;
  language: string;
  digest: string;
}
export const readConsentText = (id: string, lang: 'zh' | 'en', receiver: string, signal?: AbortSignal) =>
  get<ConsentText>(`/flow/cases/${id}/consent-text?${new URLSearchParams({ lang, receiver })}`, signal ? { signal } : {});
