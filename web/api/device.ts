/**
 * What the person at the keyboard has on this device. Opened with the seal that the server gives their session, or that
 * their offline PIN unwraps; closed when the session ends, and then nothing of it is in memory. Without WebCrypto (no TLS)
 * or a store nothing is kept, and the application works as long as the page lives.
 */
import { useSyncExternalStore } from 'react';
import { fromBase64url, toBase64url } from './authenticator';
import { ask, change, readAll } from './device_db';
import { post } from './http';
import { keptReads } from './kept_reads';
import { keptTexts } from './kept_texts';
import { sealOf } from './seal';
import { setSealOfUploads } from './unsent_store';

const kDevice_bytes = 16;
let isReady = false;
const listeners = new Set<() => void>();

function say(ready: boolean): void {
  isReady = ready;
  for (const listener of listeners) listener();
}

/** This browser's number, made once: one person's seals differ from device to device. */
async function deviceNumber(): Promise<string> {
  const made = toBase64url(crypto.getRandomValues(new Uint8Array(kDevice_bytes)).buffer);
  return change('meta', async (meta) => {
    const known = await ask(meta.get('device') as IDBRequest<string | undefined>);
    if (known) return known;
    meta.put(made, 'device');
    return made;
  });
}

/** The raw key of the seal, as the server gives it to a session of this person; it is not kept. */
export async function askSealKey(): Promise<string> {
  return (await post<{ key: string }>('/access/me/device-seal', { device: await deviceNumber() })).key;
}

export async function openDevice(person: string, key: string): Promise<void> {
  const raw = fromBase64url(key);
  const seal = await sealOf(raw);
  raw.fill(0);
  setSealOfUploads(seal);
  await keptTexts.open(person, seal);
  say(true);
  await keptReads.open(person, seal).catch(() => undefined);
}

/** Nothing can be kept: what is written lives in this page. */
export function openWithoutDevice(person: string): void {
  keptTexts.openInMemory(person);
  say(true);
}

export function closeDevice(): void {
  setSealOfUploads(undefined);
  keptTexts.close();
  keptReads.close();
  say(false);
}

/** Whether what this person had begun is back in memory; a page that writes waits for it. */
export const useDeviceReady = (): boolean =>
  useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => isReady,
  );

interface UnsentRow {
  person: string;
  counts: boolean;
}

/** How much of other people lies here and is not sent: a number, because nothing else is theirs to see. */
export async function unsentOfOthers(person: string | undefined): Promise<number> {
  const rows = await readAll<UnsentRow>('unsent').catch(() => []);
  return rows.filter((one) => one.person !== person && one.counts).length;
}
