/**
 * DICOM files from the browser: STOW-RS by XMLHttpRequest (fetch reports no upload progress), batches of
 * about 16 MiB, two at once. A batch without an answer is sent again whole: the same object with the same
 * bytes counts as stored.
 */
import { ApiError, errorFromOutcome, newId } from './http';

export interface StowProgress {
  files: number;
  done: number;
  sentBytes: number;
  totalBytes: number;
  failures: { file: string; reason: string }[];
  studies: string[];
}

const kBatchBytes = 16 * 1024 * 1024;
const kAtOnce = 2;
const kTries = 5;
const kFailureReasons: Record<number, string> = {
  0x0110: 'processing',
  0x0122: 'class_not_supported',
  0x0124: 'not_authorised',
  0xa700: 'out_of_resources',
  0xa900: 'not_a_data_set',
  0xc122: 'syntax_not_supported',
};

type Json = Record<string, { Value?: unknown[] } | undefined>;

/** Files in batches of at most `limit` bytes; one that is larger goes alone. */
export function batchesOf<T extends { size: number }>(files: readonly T[], limit = kBatchBytes): T[][] {
  const batches: T[][] = [];
  let open: T[] = [];
  let bytes = 0;
  for (const file of files) {
    if (open.length > 0 && bytes + file.size > limit) {
      batches.push(open);
      open = [];
      bytes = 0;
    }
    open.push(file);
    bytes += file.size;
  }
  if (open.length > 0) batches.push(open);
  return batches;
}

/** Part 10 files carry "DICM" after a preamble of 128 bytes. */
export async function isDicomFile(file: Blob): Promise<boolean> {
  const mark = new Uint8Array(await file.slice(128, 132).arrayBuffer());
  return mark.length === 4 && mark[0] === 0x44 && mark[1] === 0x49 && mark[2] === 0x43 && mark[3] === 0x4d;
}

function post(body: Blob, boundary: string, onSent: (bytes: number) => void, signal?: AbortSignal): Promise<Json> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/dicomweb/studies');
    request.setRequestHeader('Content-Type', `multipart/related; type="application/dicom"; boundary=${boundary}`);
    request.setRequestHeader('Accept', 'application/dicom+json');
    request.upload.onprogress = (event) => onSent(event.loaded);
    request.onerror = () => reject(new ApiError(0, 'client.no_connection', 'line broke'));
    request.ontimeout = request.onerror;
    request.onabort = () => reject(new ApiError(0, 'client.stopped', 'stopped'));
    request.onload = () => {
      let data: unknown;
      try {
        data = request.responseText ? JSON.parse(request.responseText) : {};
      } catch {
        data = undefined;
      }
      // 409 with a data set in it means: none of these was stored, and why.
      const hasDataSet = typeof data === 'object' && data !== null && !('resourceType' in data);
      if (request.status < 300 || (request.status === 409 && hasDataSet)) resolve((Array.isArray(data) ? data[0] : data) as Json);
      else reject(errorFromOutcome(request.status, data, Number(request.getResponseHeader('Retry-After') ?? 0)));
    };
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}

async function sendBatch(batch: readonly File[], onSent: (bytes: number) => void, signal?: AbortSignal): Promise<Json> {
  const boundary = `qiao-${newId()}`;
  const parts: BlobPart[] = [];
  for (const file of batch) parts.push(`--${boundary}\r\nContent-Type: application/dicom\r\n\r\n`, file, '\r\n');
  parts.push(`--${boundary}--\r\n`);
  const body = new Blob(parts);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await post(body, boundary, onSent, signal);
    } catch (cause) {
      if (!(cause instanceof ApiError) || !cause.isPassing || attempt >= kTries || signal?.aborted) throw cause;
      await new Promise((resolve) => setTimeout(resolve, Math.max(cause.retryAfterS * 1000, 1000 * 2 ** attempt)));
    }
  }
}

function failuresIn(answer: Json): { uid: string; reason: string }[] {
  return ((answer['00081198']?.Value ?? []) as Json[]).map((item) => {
    const code = Number(item['00081197']?.Value?.[0] ?? 0);
    return { uid: String(item['00081155']?.Value?.[0] ?? ''), reason: kFailureReasons[code] ?? `0x${code.toString(16)}` };
  });
}

function studiesIn(answer: Json): string[] {
  const found = new Set<string>();
  for (const item of (answer['00081199']?.Value ?? []) as Json[]) {
    const study = /\/studies\/([0-9.]+)/.exec(String(item['00081190']?.Value?.[0] ?? ''))?.[1];
    if (study) found.add(study);
  }
  const whole = /\/studies\/([0-9.]+)/.exec(String(answer['00081190']?.Value?.[0] ?? ''))?.[1];
  if (whole) found.add(whole);
  return [...found];
}

export async function uploadDicom(files: readonly File[], onProgress: (progress: StowProgress) => void, signal?: AbortSignal): Promise<StowProgress> {
  const progress: StowProgress = { files: files.length, done: 0, sentBytes: 0, totalBytes: 0, failures: [], studies: [] };
  const good: File[] = [];
  for (const file of files) {
    if (await isDicomFile(file)) good.push(file);
    else {
      progress.done += 1;
      progress.failures.push({ file: file.name, reason: 'not_dicom' });
    }
  }
  progress.totalBytes = good.reduce((sum, file) => sum + file.size, 0);
  const batches = batchesOf(good);
  const sent = batches.map(() => 0);
  let next = 0;
  const tell = () => {
    progress.sentBytes = Math.min(progress.totalBytes, sent.reduce((sum, bytes) => sum + bytes, 0));
    onProgress({ ...progress, failures: [...progress.failures], studies: [...progress.studies] });
  };
  tell();
  const worker = async () => {
    while (next < batches.length) {
      const index = next;
      next += 1;
      const batch = batches[index] ?? [];
      const size = batch.reduce((sum, file) => sum + file.size, 0);
      const answer = await sendBatch(batch, (bytes) => {
        sent[index] = Math.min(bytes, size);
        tell();
      }, signal);
      sent[index] = size;
      progress.done += batch.length;
      progress.failures.push(...failuresIn(answer).map(({ uid, reason }) => ({ file: uid, reason })));
      progress.studies = [...new Set([...progress.studies, ...studiesIn(answer)])];
      tell();
    }
  };
  await Promise.all(Array.from({ length: kAtOnce }, worker));
  return progress;
}
