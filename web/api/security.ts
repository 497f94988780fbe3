/** How a person proves who they are: second factors, sessions, resets; what `/access/me` and `/access/resets` say. */
import { get, post } from './http';
import type { Session } from './session';

export type FactorKind = 'totp' | 'security_key' | 'device' | 'recovery';

/** What the server asks: a challenge, and the ways that are open. */
export interface Question {
  challenge: string;
  kinds: FactorKind[];
  securityKeys: string[];
}

export interface SecondStep extends Question {
  token: string;
}

export type Proof =
  | { password: string }
  | { code: string }
  | { recovery: string }
  | { securityKey: { id: string; clientDataJSON: string; authenticatorData: string; signature: string } }
  | { device: { id: string; signature: string; pin: string } };

export interface Factor {
  id: string;
  kind: 'totp' | 'security_key' | 'device';
  name: string;
  /** Of a security key or a device: how browsers name it. */
  handle: string;
  host: string;
  since: string;
  used?: string;
  locked: boolean;
}

export interface SecurityNotice {
  at: string;
  code: string;
  detail: string;
  address: string;
}

export interface Security {
  factors: Factor[];
  recoveryLeft: number;
  required: boolean;
  notices: SecurityNotice[];
}

export interface OpenSession {
  id: string;
  agent: string;
  address: string;
  since: string;
  used: string;
  factor: string;
  program: boolean;
  own: boolean;
}

export interface Added {
  recoveryCodes: string[];
  session: Session | null;
  device?: string;
}

interface NamedPerson {
  practitioner: string;
  name: string;
  nameEn?: string;
}

export interface Reset {
  id: string;
  person: NamedPerson;
  startedBy: NamedPerson;
  night: boolean;
  reason: string;
  started: string;
  confirmUntil: string;
  confirmed: boolean;
  used: boolean;
  codeUntil?: string;
  mayConfirm: boolean;
}

const own = { ownSession: true } as const;
const idOf = (practitioner: string) => practitioner.replace('Practitioner/', '');

export const secondStep = (token: string, proof: Proof) => post<Session>('/access/session/second', { token, ...proof }, own);
export const askDevice = (device: string) => post<{ challenge: string }>('/access/device-session/challenge', { device }, own);
export const signInByDevice = (proof: Proof) => post<Session>('/access/device-session', proof, own);
export const setResetPassword = (login: string, code: string, password: string) => post<undefined>('/access/reset-password', { login, code, password }, own);

export const askMe = () => post<Question>('/access/me/question', {});
export const stepUpBy = (proof: Proof) => post<{ until: string }>('/access/step-up', proof, own);
export const readSecurity = (signal?: AbortSignal) => get<Security>('/access/me/security', signal ? { signal } : {});
export const beginTotp = () => post<{ secret: string; uri: string }>('/access/me/totp', {});
export const confirmTotp = (code: string, name: string) => post<Added>('/access/me/totp/confirm', { code, name });
export const addSecurityKey = (input: { name: string; clientDataJSON: string; attestationObject: string }) => post<Added>('/access/me/security-keys', input);
export const addDevice = (input: { name: string; code: string; publicKey: string; signature: string; pin: string }) => post<Added>('/access/me/devices', input);
export const removeFactor = (id: string) => post<undefined>(`/access/me/factors/${id}/remove`, {});
export const newRecoveryCodes = () => post<{ recoveryCodes: string[] }>('/access/me/recovery-codes', {}).then((answer) => answer.recoveryCodes);

export const readMySessions = (signal?: AbortSignal) => get<{ sessions: OpenSession[] }>('/access/me/sessions', signal ? { signal } : {}).then((answer) => answer.sessions);
export const endMySession = (id: string) => post<undefined>(`/access/me/sessions/${id}/end`, {});
export const endMyOtherSessions = () => post<undefined>('/access/me/sessions/end-others', {});
export const readSessionsOf = (practitioner: string, signal?: AbortSignal) => get<{ sessions: OpenSession[] }>(`/access/people/${idOf(practitioner)}/sessions`, signal ? { signal } : {}).then((answer) => answer.sessions);
export const endSessionsOf = (practitioner: string) => post<undefined>(`/access/people/${idOf(practitioner)}/sessions/end`, {});

export const giveDeviceCode = (practitioner: string) => post<{ code: string; until: string }>('/access/device-codes', { practitioner });
export const readResets = (signal?: AbortSignal) => get<{ resets: Reset[] }>('/access/resets', signal ? { signal } : {}).then((answer) => answer.resets);
export const startReset = (practitioner: string, reason: string, night: boolean) => post<{ id: string; code: string }>('/access/resets', { practitioner, reason, night });
export const confirmReset = (id: string) => post<{ code: string }>(`/access/resets/${id}/confirm`, {});
export const refuseReset = (id: string) => post<undefined>(`/access/resets/${id}/refuse`, {});
export const readRegisteredNumber = (practitioner: string) => get<{ number: string }>(`/access/people/${idOf(practitioner)}/registered-number`).then((answer) => answer.number);
