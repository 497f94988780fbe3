/** The keys that sign, their certificates, and the authorities that are trusted, as `/access/certificates` keeps them. */
import { get, post } from './http';
import type { Organisation } from './people';

export interface SigningKey {
  id: string;
  kind: 'person' | 'seal' | 'authority';
  holder: { resource?: string; name: string; nameEn?: string; active?: boolean };
  algorithm: 'p256' | 'sm2';
  /** "0" is the built-in one; "-1": asked for, and signs nothing yet. */
  authority: string;
  state: 'good' | 'soon' | 'not_yet' | 'expired' | 'revoked' | 'replaced' | 'asked';
  /** Its holder cannot sign: nothing else takes the place of another authority's certificate by itself. */
  refuses?: boolean;
  serial?: string;
  subject?: string;
  issuer?: string;
  from?: string;
  until?: string;
  revoked?: string;
  reason?: string;
}

export interface Authority {
  id: string;
  name: string;
  licensed: boolean;
  added: string;
  certificates: { subject: string; fingerprint: string; until: string }[];
  list?: { number: string; made: string; next?: string; old: boolean };
}

export interface Certificates {
  algorithm: 'p256' | 'sm2';
  authorityPem: string;
  keys: SigningKey[];
  authorities: Authority[];
  seals: { organisation: Organisation; meanings: string[] }[];
}

const kBase = '/access/certificates';
export const readCertificates = (signal?: AbortSignal) => get<Certificates>(kBase, signal ? { signal } : {});
export const certificateRequest = (holder: string) => post<{ pem: string; subject: string }>(`${kBase}/request`, { holder });
export const importCertificate = (holder: string, pem: string) => post<SigningKey>(`${kBase}/import`, { holder, pem });
export const signBuiltIn = (holder: string) => post<undefined>(`${kBase}/built-in`, { holder });
export const revokeKey = (id: string, reason: string, from?: string) => post<undefined>(`${kBase}/keys/${id}/revoke`, { reason, ...(from ? { from } : {}) });
export const trustAuthority = (name: string, licensed: boolean, pem: string) => post<{ id: string }>(`${kBase}/authorities`, { name, licensed, pem });
export const removeAuthority = (id: string) => post<undefined>(`${kBase}/authorities/${id}/remove`, {});
export const giveRevocationList = (id: string, list: string) => post<undefined>(`${kBase}/authorities/${id}/revocation-list`, { list });
export const setSeal = (organisation: string, meanings: string[]) => post<undefined>(`${kBase}/seal`, { organisation, meanings });
