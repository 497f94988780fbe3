/**
 * Resumable uploads of photos and signatures to a case: the server says how far it is durable, the client
 * goes on from there. A broken line is tried again with growing pauses; nothing is sent twice as a second
 * picture, because the client's own id names the upload.
 */
import { ApiError, send } from './http';
import type { Attachment } from './flow';

export interface UploadStart {
  upload_id: string;
  kind: string;
  size_bytes: number;
  content_type: string;
  sha256?: string;
  title?: string;
  taken?: string;
  film?: boolean;
  key_image?: { study_uid: string; series_uid: string; instance_uid: string; frame: number };
}

interface StartAnswer {
  upload: string;
  offset: number;
  chunk_bytes: number;
  attachment?: Attachment;
}

/** What the resuming logic needs of a line; the tests put their own in. */
export interface UploadLine {
  start(): Promise<StartAnswer>;
  append(upload: string, offset: number, bytes: Blob): Promise<{ offset: number; attachment?: Attachment }>;
  pause(ms: number): Promise<void>;
}

export interface UploadProgress {
  sent: number;
  total: number;
  /** Set while waiting for a broken line: when it is tried again, in ms since 1970. */
  retryAt?: number;
}

const kPausesMs = [1000, 2000, 4000, 8000, 15_000, 30_000];
const kTries = 40;

export async function runUpload(blob: Blob, line: UploadLine, onProgress: (progress: UploadProgress) => void): Promise<Attachment> {
  let failures = 0;
  for (;;) {
    try {
      const begun = await line.start();
      if (begun.attachment) {
        onProgress({ sent: blob.size, total: blob.size });
        return begun.attachment;
      }
      let { offset } = begun;
      while (offset < blob.size) {
        onProgress({ sent: offset, total: blob.size });
        const answer = await line.append(begun.upload, offset, blob.slice(offset, offset + begun.chunk_bytes));
        failures = 0;
        offset = answer.offset;
        if (answer.attachment) {
          onProgress({ sent: blob.size, total: blob.size });
          return answer.attachment;
        }
      }
      throw new ApiError(0, 'client.answer_not_understood', 'all bytes sent, no attachment');
    } catch (cause) {
      if (!(cause instanceof ApiError) || !(cause.isPassing || cause.code === 'flow.upload_offset')) throw cause;
      failures += 1;
      if (failures >= kTries) throw cause;
      const wait = cause.code === 'flow.upload_offset' ? 0 : Math.max(cause.retryAfterS * 1000, kPausesMs[Math.min(failures - 1, kPausesMs.length - 1)] ?? 30_000);
      if (wait > 0) onProgress({ sent: 0, total: blob.size, retryAt: Date.now() + wait });
      await line.pause(wait);
    }
  }
}

export function uploadToCase(caseId: string, blob: Blob, start: UploadStart, onProgress: (progress: UploadProgress) => void, signal?: AbortSignal): Promise<Attachment> {
  const base = `/flow/cases/${caseId}/uploads`;
  const withSignal = signal ? { signal } : {};
  return runUpload(
    blob,
    {
      start: async () => (await send<StartAnswer>('POST', base, { body: start, ...withSignal })).data,
      append: async (upload, offset, bytes) => {
        const answer = await send<{ attachment?: Attachment } | undefined>('PATCH', `${base}/${upload}`, {
          bytes,
          headers: { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) },
          timeoutMs: 120_000,
          ...withSignal,
        });
        const attachment = answer.data?.attachment;
        return { offset: Number(answer.headers.get('Upload-Offset') ?? offset + bytes.size), ...(attachment ? { attachment } : {}) };
      },
      pause: (ms) =>
        new Promise((resolve, reject) => {
          const timer = setTimeout(resolve, ms);
          // The line is back: no need to sit out the pause.
          if (typeof window !== 'undefined') window.addEventListener('online', () => (clearTimeout(timer), resolve()), { once: true });
          signal?.addEventListener('abort', () => (clearTimeout(timer), reject(signal.reason)), { once: true });
        }),
    },
    onProgress,
  );
}

export async function sha256Hex(blob: Blob): Promise<string | undefined> {
  if (!globalThis.crypto?.subtle) return undefined;
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
