/** What `/access` says about the person at the keyboard, and the calls that sign in, out and step up. */
import { get, post, send } from './http';

export interface Membership {
  organisation: { id: string; name: string; nameEn?: string; kind?: string; resource: string };
  role: string;
  roleName?: string;
}

export interface Session {
  person: { id: string; name: string; nameEn?: string; login: string; practitioner?: string };
  memberships: Membership[];
  demo: boolean;
  expiresAt: string;
  idleMinutes: number;
  stepUpUntil?: string | null;
  /** What has to be done before anything else works. */
  must?: 'second_factor';
  /** Signed in with the password of a reset that a second person has yet to confirm. */
  resetUnconfirmed?: boolean;
}

export interface DemoUser {
  login: string;
  name: string;
  nameEn?: string;
  role: string;
  specialty?: string;
  roleName?: string;
  organisation: string;
  organisationEn?: string;
}

/** Nothing (204) or a 401 where nobody is signed in. */
export const readSession = () => get<Session | undefined>('/access/session', { ownSession: true });
export const signIn = (login: string, password: string) =>
  post<Session>('/access/session', { login, password }, { ownSession: true });
export const signOut = () => send<undefined>('DELETE', '/access/session', { ownSession: true });

/** Signed out without a line: the server hears of it before anything else of this browser. */
const kSignedOut = 'qiao.signed_out';
export const noteSignedOut = () => localStorage.setItem(kSignedOut, '1');
export async function finishSigningOut(): Promise<void> {
  if (localStorage.getItem(kSignedOut) === null) return;
  await signOut();
  localStorage.removeItem(kSignedOut);
}
export const stepUp = (password: string) => post<{ until: string }>('/access/step-up', { password }, { ownSession: true });

/** Until when the server takes the last proof for an act that signs; the server alone decides, this spares a question. */
let provedUntilMs = 0;
export const noteProof = (until: string) => {
  provedUntilMs = Date.parse(until);
};
export const isProved = () => Date.now() < provedUntilMs - 15_000;
export const forgetProof = () => {
  provedUntilMs = 0;
};
export const readDemoUsers = () => get<DemoUser[]>('/access/demo-users', { ownSession: true });
export const signInAsDemo = (login: string) => post<Session>('/access/demo-session', { login }, { ownSession: true });
export const firstRun = (input: { token: string; login: string; name: string; password: string; organisation: string }) =>
  post<Session>('/access/first-run', input, { ownSession: true });
