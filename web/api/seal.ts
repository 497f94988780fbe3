/** AES-256-GCM over what is kept on a device. The label is bound to the content: what was moved to another place does not open. */
export interface Sealed {
  iv: Uint8Array<ArrayBuffer>;
  bytes: ArrayBuffer;
}

export interface Seal {
  seal(label: string, content: BufferSource): Promise<Sealed>;
  /** Rejects when it was sealed under another key or label, or altered. */
  open(label: string, sealed: Sealed): Promise<ArrayBuffer>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @param raw  32 bytes; the caller overwrites them */
export async function sealOf(raw: BufferSource): Promise<Seal> {
  const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
  const how = (label: string, iv: Uint8Array<ArrayBuffer>) => ({ name: 'AES-GCM', iv, additionalData: encoder.encode(label) });
  return {
    seal: async (label, content) => {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      return { iv, bytes: await crypto.subtle.encrypt(how(label, iv), key, content) };
    },
    open: (label, sealed) => crypto.subtle.decrypt(how(label, sealed.iv), key, sealed.bytes),
  };
}

export const sealJson = (seal: Seal, label: string, value: unknown): Promise<Sealed> => seal.seal(label, encoder.encode(JSON.stringify(value)));
export const openJson = async <T>(seal: Seal, label: string, sealed: Sealed): Promise<T> => JSON.parse(decoder.decode(await seal.open(label, sealed))) as T;

/** A head as JSON and bytes behind it, in one sealed piece. */
export async function sealBlob(seal: Seal, label: string, head: unknown, blob: Blob): Promise<Sealed> {
  const json = encoder.encode(JSON.stringify(head));
  const all = new Uint8Array(4 + json.length + blob.size);
  new DataView(all.buffer).setUint32(0, json.length);
  all.set(json, 4);
  all.set(new Uint8Array(await blob.arrayBuffer()), 4 + json.length);
  return seal.seal(label, all);
}

export async function openBlob<T>(seal: Seal, label: string, sealed: Sealed): Promise<{ head: T; bytes: ArrayBuffer }> {
  const all = await seal.open(label, sealed);
  const length = new DataView(all).getUint32(0);
  return { head: JSON.parse(decoder.decode(all.slice(4, 4 + length))) as T, bytes: all.slice(4 + length) };
}
