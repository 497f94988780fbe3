/**
 * The keys that never leave this machine: security keys by WebAuthn, and this browser's own device key, whose
 * private half WebCrypto does not give out. Only signatures go to the server.
 */
import { ApiError } from './http';
import { askDevice, type Proof, type Question } from './security';

const encoder = new TextEncoder();

export function toBase64url(bytes: ArrayBuffer): string {
  let text = '';
  for (const byte of new Uint8Array(bytes)) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

/** WebAuthn needs a name, TLS or localhost, and a browser that has it. */
export const hasSecurityKeys = () => window.isSecureContext && typeof PublicKeyCredential === 'function' && !/^[\d.:[\]]+$/.test(location.hostname);

function refused(cause: unknown): never {
  if (cause instanceof DOMException && cause.name === 'InvalidStateError') throw new ApiError(409, 'access.key_known', cause.message);
  throw new ApiError(0, 'client.security_key', String(cause));
}

/** The browser asks for the key; nothing was touched or it was cancelled: `client.security_key`. */
export async function makeSecurityKey(challenge: string, person: { id: string; login: string; name: string }, known: string[]): Promise<{ clientDataJSON: string; attestationObject: string }> {
  const credential = await navigator.credentials
    .create({
      publicKey: {
        challenge: fromBase64url(challenge),
        rp: { id: location.hostname, name: 'Qiao' },
        user: { id: encoder.encode(person.id), name: person.login, displayName: person.name },
        pubKeyCredParams: [
          { type: 'public-key', alg: -7 },
          { type: 'public-key', alg: -8 },
          { type: 'public-key', alg: -257 },
        ],
        authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
        attestation: 'none',
        excludeCredentials: known.map((id) => ({ type: 'public-key' as const, id: fromBase64url(id) })),
        timeout: 120_000,
      },
    })
    .catch(refused);
  const response = (credential as PublicKeyCredential).response as AuthenticatorAttestationResponse;
  return { clientDataJSON: toBase64url(response.clientDataJSON), attestationObject: toBase64url(response.attestationObject) };
}

export async function proveBySecurityKey(question: Question): Promise<Proof> {
  const credential = await navigator.credentials
    .get({
      publicKey: {
        challenge: fromBase64url(question.challenge),
        rpId: location.hostname,
        allowCredentials: question.securityKeys.map((id) => ({ type: 'public-key' as const, id: fromBase64url(id) })),
        userVerification: 'required',
        timeout: 120_000,
      },
    })
    .catch(refused);
  const key = credential as PublicKeyCredential;
  const response = key.response as AuthenticatorAssertionResponse;
  return { securityKey: { id: key.id, clientDataJSON: toBase64url(response.clientDataJSON), authenticatorData: toBase64url(response.authenticatorData), signature: toBase64url(response.signature) } };
}

/** What is kept in this browser: the key itself, and whose it is, for the sign-in page. */
export interface DeviceKey {
  id: string;
  person: string;
  key: CryptoKey;
}

const kDatabase = 'qiao-device';
const kStore = 'keys';
const kAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;

function inStore<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(kDatabase, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(kStore);
    opening.onerror = () => reject(new ApiError(0, 'client.no_device_store', String(opening.error)));
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction(kStore, mode);
      const request = act(transaction.objectStore(kStore));
      transaction.oncomplete = () => (database.close(), resolve(request.result));
      transaction.onerror = () => (database.close(), reject(new ApiError(0, 'client.no_device_store', String(transaction.error))));
    };
  });
}

export const readDeviceKey = () => inStore<DeviceKey | undefined>('readonly', (store) => store.get('own') as IDBRequest<DeviceKey | undefined>);
export const keepDeviceKey = (key: DeviceKey) => inStore('readwrite', (store) => store.put(key, 'own'));
export const forgetDeviceKey = () => inStore('readwrite', (store) => store.delete('own'));

/** The server's `device_text`: a text of its own kind, so that no other signature can be made of it. */
async function signDevice(key: CryptoKey, challenge: string): Promise<string> {
  const text = `qiao-device-1\n${challenge}\n${location.host}`;
  return toBase64url(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, encoder.encode(text)));
}

export async function makeDeviceKey(challenge: string): Promise<{ key: CryptoKey; publicKey: string; signature: string }> {
  const pair = await crypto.subtle.generateKey(kAlgorithm, false, ['sign', 'verify']);
  const publicKey = toBase64url(await crypto.subtle.exportKey('spki', pair.publicKey));
  return { key: pair.privateKey, publicKey, signature: await signDevice(pair.privateKey, challenge) };
}

export async function proveByDevice(device: DeviceKey, pin: string, challenge?: string): Promise<Proof> {
  const asked = challenge ?? (await askDevice(device.id)).challenge;
  return { device: { id: device.id, pin, signature: await signDevice(device.key, asked) } };
}
