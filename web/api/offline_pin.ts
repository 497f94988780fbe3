/**
 * The offline PIN: opens what a person keeps on this device while there is no line. It wraps the seal that the server gives a
 * session; the wrap needs the PIN and a key that the browser does not give out, so a copied record alone says nothing. Every
 * try is counted before it is made, pauses grow, and the tenth wrong one destroys the wrap: then only signing in opens it.
 */
import { ApiError } from './http';
import { ask, change, readAll, readOne } from './device_db';
import { openJson, sealJson, sealOf, type Sealed } from './seal';
import type { Session } from './session';

export const kMostTries = 10;
export const kLeastDigits = 6;
const kRounds = 600_000; // OWASP, Password Storage Cheat Sheet, PBKDF2-HMAC-SHA256
const kFreeTries = 3;

export interface PinRecord {
  person: string;
  name: string;
  nameEn?: string;
  salt: Uint8Array<ArrayBuffer>;
  rounds: number;
  sealed: Sealed;
  tries: number;
  /** No try before this, in ms since 1970. */
  notBefore: number;
}

/** What the PIN gives: the seal's raw key and the session as it was when the PIN was last confirmed by the server. */
export interface Unlocked {
  key: string;
  session: Session;
}

const kPrefix = 'pin.';
const label = (person: string) => `qiao-pin-1 ${person}`;

/** Seconds of pause after so many wrong tries: 0, 0, 0, 2, 4, 8 … 128. */
export const pauseS = (tries: number): number => (tries <= kFreeTries ? 0 : 2 ** (tries - kFreeTries));

/** Nothing that is guessed first: one digit repeated, digits in a row. Letters are welcome. */
export function isGoodPin(pin: string): boolean {
  if (pin.length < kLeastDigits || pin.length > 64) return false;
  const steps = new Set([...pin].slice(1).map((one, at) => one.charCodeAt(0) - pin.charCodeAt(at)));
  return !(steps.size === 1 && [-1, 0, 1].includes([...steps][0] ?? 9)) && new Set(pin).size > 2;
}

/** The browser's own part: a key that it uses and does not show. */
async function deviceSecret(): Promise<CryptoKey> {
  const made = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return change('meta', async (meta) => {
    const known = await ask(meta.get('secret') as IDBRequest<CryptoKey | undefined>);
    if (known) return known;
    meta.put(made, 'secret');
    return made;
  });
}

async function sealFromPin(pin: string, salt: Uint8Array<ArrayBuffer>, rounds: number) {
  const bound = await crypto.subtle.sign('HMAC', await deviceSecret(), new TextEncoder().encode(pin.normalize('NFKC')));
  const material = await crypto.subtle.importKey('raw', bound, 'PBKDF2', false, ['deriveBits']);
  const bits = await crypto.subtle.deriveBits({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations: rounds }, material, 256);
  return sealOf(bits);
}

export const pinsHere = async (): Promise<PinRecord[]> => (await readAll<unknown>('meta')).filter((one): one is PinRecord => typeof one === 'object' && one !== null && 'notBefore' in one);
export const pinOf = (person: string) => readOne<PinRecord>('meta', kPrefix + person);

/** @param rounds  for tests */
export async function setPin(pin: string, key: string, session: Session, rounds = kRounds): Promise<void> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const { person } = session;
  const seal = await sealFromPin(pin, salt, rounds);
  const sealed = await sealJson(seal, label(person.id), { key, session } satisfies Unlocked);
  const record: PinRecord = { person: person.id, name: person.name, ...(person.nameEn ? { nameEn: person.nameEn } : {}), salt, rounds, sealed, tries: 0, notBefore: 0 };
  await change('meta', (meta) => void meta.put(record, kPrefix + person.id));
}

export const removePin = (person: string) => change('meta', (meta) => void meta.delete(kPrefix + person));

/**
 * One try. `client.pin_wait` (with Retry-After) while a pause runs, `client.pin_wrong`, and `client.pin_destroyed` with the
 * last wrong one; then the record is gone.
 */
export async function unlockByPin(person: string, pin: string, now: number = Date.now()): Promise<Unlocked> {
  const record = await change('meta', async (meta) => {
    const known = await ask(meta.get(kPrefix + person) as IDBRequest<PinRecord | undefined>);
    if (!known) throw new ApiError(0, 'client.pin_none', '');
    if (known.notBefore > now) throw new ApiError(0, 'client.pin_wait', '', [], Math.ceil((known.notBefore - now) / 1000));
    const tries = known.tries + 1;
    meta.put({ ...known, tries, notBefore: now + pauseS(tries) * 1000 }, kPrefix + person);
    return { ...known, tries };
  });
  try {
    const opened = await openJson<Unlocked>(await sealFromPin(pin, record.salt, record.rounds), label(person), record.sealed);
    await change('meta', (meta) => void meta.put({ ...record, tries: 0, notBefore: 0 }, kPrefix + person));
    return opened;
  } catch {
    if (record.tries < kMostTries) throw new ApiError(0, 'client.pin_wrong', '', [], pauseS(record.tries), { left: kMostTries - record.tries });
    await removePin(person);
    throw new ApiError(0, 'client.pin_destroyed', '');
  }
}
