/** Signing in by the institution's own sign-in service (OpenID Connect): what `/access/oidc` and `/access/me/oidc` say. */
import { get, post } from './http';
import type { Session } from './session';

export interface OidcService {
  label: string;
  labelEn: string;
  /** Where the service's own session ends; absent = it offers none. */
  endSession?: string;
}

export interface OwnOidc extends OidcService {
  on: boolean;
  /** Since when an account is linked; absent = none is. */
  since?: string;
}

interface Answer {
  code: string;
  state: string;
  iss: string;
  error: string;
}

export const kOidcPath = '/app/oidc';
const kBack = 'qiao.oidc.back';
/** This browser's session began at the service: signing out here ends it there too, before somebody else sits down. */
const kSignedInThere = 'qiao.oidc.there';
const own = { ownSession: true } as const;

/** What the service sent the browser back with; it leaves the address at once, so that no history and no copied link has it. */
function takeAnswer(): Answer | undefined {
  if (location.pathname !== kOidcPath || location.search === '') return undefined;
  const query = new URLSearchParams(location.search);
  history.replaceState(null, '', kOidcPath);
  const text = (name: string) => query.get(name) ?? '';
  return { code: text('code'), state: text('state'), iss: text('iss'), error: text('error') };
}
let answer = takeAnswer();

/** Whether the service has just sent the browser back. */
export const hasAnswer = () => answer !== undefined;

function give(): Answer {
  const given = answer ?? { code: '', state: '', iss: '', error: '' };
  answer = undefined;
  return given;
}

/** Where the person was before; only ever an address of our own pages. */
export function placeBefore(): string {
  const back = sessionStorage.getItem(kBack) ?? '';
  sessionStorage.removeItem(kBack);
  return /^\/app\/[a-z]/.test(back) && !back.startsWith(kOidcPath) ? back : '/app/today';
}

async function leave(path: string, back: string): Promise<void> {
  const { url } = await post<{ url: string }>(path, {}, own);
  sessionStorage.setItem(kBack, back);
  location.assign(url);
}

/** Nothing where nobody set it up. */
export const readOidc = () => get<OidcService | undefined>('/access/oidc', own);
export const beginOidc = () => leave('/access/oidc/begin', location.pathname + location.search);
export const finishOidc = () => post<Session>('/access/oidc/finish', give(), own);
export const noteSignedInThere = (): void => localStorage.setItem(kSignedInThere, '1');

/** After signing out here. The service asks in its own words, and sends the browser back. */
export async function endSessionThere(): Promise<void> {
  if (localStorage.getItem(kSignedInThere) === null) return;
  localStorage.removeItem(kSignedInThere);
  const url = (await readOidc())?.endSession;
  if (url) location.assign(url);
}

export const readOwnOidc = (signal?: AbortSignal) => get<OwnOidc>('/access/me/oidc', signal ? { signal } : {});
export const beginOidcLink = () => leave('/access/me/oidc/begin', '/app/access/me');
export const finishOidcLink = () => post<undefined>('/access/me/oidc/finish', give(), own);
export const removeOidcLink = () => post<undefined>('/access/me/oidc/remove', {});

export const oidcName = (service: OidcService, language: string, otherwise: string) => (language === 'en' ? service.labelEn || service.label : service.label || service.labelEn) || otherwise;
