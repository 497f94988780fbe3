/**
 * Uploads that the server does not have yet. Each is kept on the device before anything else happens to it,
 * so that a reload, a closed tab or an ended session loses nothing; what the person wanted sent goes on from
 * the server's offset as soon as that person is back. In a case one after the other, the smallest first: on a thin
 * line the first is whole sooner. Cases have lanes of their own: one that is stuck holds up no other patient.
 */
import { useSyncExternalStore } from 'react';
import { invalidate } from './cache';
import type { Attachment } from './flow';
import { ApiError } from './http';
import { deviceStore, type StoredUpload, type UploadStore } from './unsent_store';
import { sha256Hex, uploadToCase, type UploadProgress } from './uploads';

export interface Unsent extends StoredUpload {
  progress?: UploadProgress;
  error?: unknown;
  /** False where the device could not keep it: it lives only as long as this tab. */
  kept: boolean;
}

export type SendUpload = (upload: StoredUpload, onProgress: (progress: UploadProgress) => void, signal: AbortSignal) => Promise<Attachment>;

/** The number of a consent's evidence is taken by the form that asked for it; until then its entry stays. */
const isTakenByForm = (kind: string): boolean => kind.startsWith('consent_');
/** A request that was begun without a line has no case yet (`outbox.ts`). */
const kNoCase = 'new.';

export class UnsentUploads {
  private items: readonly Unsent[] = [];
  private person: string | undefined;
  private stop = new AbortController();
  private readonly lanes = new Set<string>();
  /** Entries that are being written to the device, one write after the other each. */
  private readonly writes = new Map<string, Promise<boolean>>();
  /** Removed in this page; the device may still be about to forget them. */
  private readonly gone = new Set<string>();
  private maySend = false;
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly store: UploadStore,
    private readonly sendUpload: SendUpload,
    private readonly onChange: () => void = () => undefined,
  ) {}

  readonly list = (): readonly Unsent[] => this.items;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The person is there: what is theirs comes back, and what was on its way goes on. */
  async open(person: string, maySend = true): Promise<void> {
    this.close();
    this.person = person;
    this.maySend = maySend;
    await this.reload();
    this.run();
  }

  /** The session is over: nothing of it stays in memory, everything stays on the device. */
  close(): void {
    this.stop.abort();
    this.stop = new AbortController();
    this.person = undefined;
    this.show([]);
  }

  /** What another tab did to the same person's uploads. */
  async reload(): Promise<void> {
    const { person } = this;
    if (person === undefined) return;
    const before = new Map(this.items.map((one) => [one.id, this.writes.has(one.id) ? undefined : one]));
    const stored = await this.store.all(person).catch(() => undefined);
    if (!stored || this.person !== person) return;
    const known = new Map(this.items.map((one) => [one.id, one]));
    // What was changed here while the device was read is newer than what was read.
    const onDevice = stored.filter((one) => !this.gone.has(one.id)).map((one): Unsent => {
      const here = known.get(one.id);
      return here && (here !== before.get(one.id) || this.writes.has(one.id)) ? here : { ...here, ...one, kept: true };
    });
    this.show([...onDevice, ...this.items.filter((one) => !one.kept)].sort((a, b) => a.added - b.added));
  }

  async add(upload: Omit<StoredUpload, 'person' | 'added'>): Promise<void> {
    if (this.person === undefined) return;
    const last = this.items.at(-1)?.added ?? 0;
    await this.keep({ ...upload, person: this.person, added: Math.max(Date.now(), last + 1), kept: true });
    if (upload.wanted) this.run();
  }

  async change(id: string, part: Partial<Pick<StoredUpload, 'kind' | 'title' | 'blob'>>): Promise<void> {
    const item = this.find(id);
    if (item && !item.wanted) await this.keep({ ...item, ...part });
  }

  /** Sends these, also again after a refusal. */
  async want(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const item = this.find(id);
      if (item) await this.keep({ ...item, wanted: true, error: undefined });
    }
    this.run();
  }

  /** Discarded by its person, or taken by the form that waited for its number. */
  async remove(id: string): Promise<void> {
    this.gone.add(id);
    this.show(this.items.filter((one) => one.id !== id));
    await this.writes.get(id);
    await this.store.remove(id).catch(() => undefined);
    this.onChange();
  }

  /** The line is back: what failed for want of it is tried again. */
  retryPassing(): void {
    this.show(this.items.map((one) => (one.error instanceof ApiError && one.error.isPassing ? { ...one, error: undefined } : one)));
    this.run();
  }

  private find(id: string): Unsent | undefined {
    return this.items.find((one) => one.id === id);
  }

  private show(items: readonly Unsent[]): void {
    this.items = items;
    for (const listener of this.listeners) listener();
  }

  private put(item: Unsent): void {
    this.show(this.find(item.id) ? this.items.map((one) => (one.id === item.id ? item : one)) : [...this.items, item]);
  }

  private async keep(item: Unsent): Promise<void> {
    this.put(item);
    const { progress: _progress, error: _error, kept: _kept, ...stored } = item;
    const write = (this.writes.get(item.id) ?? Promise.resolve(true)).then(() => this.store.put(stored)).then(
      () => true,
      () => false,
    );
    this.writes.set(item.id, write);
    const kept = await write;
    if (this.writes.get(item.id) === write) this.writes.delete(item.id);
    const now = this.find(item.id);
    if (now && now.kept !== kept) this.put({ ...now, kept });
    this.onChange();
  }

  /** These were taken for a case that did not exist yet. */
  async moveTo(from: string, caseId: string): Promise<void> {
    for (const item of this.items.filter((one) => one.caseId === from)) await this.keep({ ...item, caseId });
    this.run();
  }

  private next(caseId: string): Unsent | undefined {
    return this.items
      .filter((one) => one.caseId === caseId && one.wanted && one.error === undefined && one.attachment === undefined)
      .sort((a, b) => a.blob.size - b.blob.size || a.added - b.added)[0];
  }

  private run(): void {
    if (!this.maySend) return;
    for (const caseId of new Set(this.items.map((one) => one.caseId))) if (!caseId.startsWith(kNoCase)) void this.lane(caseId);
  }

  private async lane(caseId: string): Promise<void> {
    if (this.lanes.has(caseId)) return;
    this.lanes.add(caseId);
    try {
      for (let item = this.next(caseId); item; item = this.next(caseId)) await this.one(item);
    } finally {
      this.lanes.delete(caseId);
    }
  }

  private async one(item: Unsent): Promise<void> {
    const { signal } = this.stop;
    const update = (part: Partial<Unsent>) => {
      const now = this.find(item.id);
      if (now && !signal.aborted) this.put({ ...now, ...part });
    };
    update({ progress: { sent: 0, total: item.blob.size } });
    try {
      const attachment = await this.sendUpload(item, (progress) => update({ progress }), signal);
      // The receipt counts also when the session ended in that moment: the entry is this upload's own.
      if (isTakenByForm(item.kind) && !signal.aborted) {
        const now = this.find(item.id);
        if (now) await this.keep({ ...now, progress: undefined, attachment: attachment.n } as Unsent);
      } else if (!isTakenByForm(item.kind)) await this.remove(item.id);
      invalidate(`case:${item.caseId}`);
    } catch (error) {
      update({ progress: undefined, error } as Partial<Unsent>);
    }
  }
}

/** Two tabs of one person: only one sends an upload; the other finds it done. */
function alone<T>(id: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request(`qiao.unsent.${id}`, { signal }, act) as Promise<T>) : act();
}

const toServer: SendUpload = (upload, onProgress, signal) =>
  alone(upload.id, signal, async () => {
    const sha256 = await sha256Hex(upload.blob);
    const start = {
      upload_id: upload.id,
      kind: upload.kind,
      size_bytes: upload.blob.size,
      content_type: upload.contentType,
      ...(sha256 ? { sha256 } : {}),
      ...(upload.title ? { title: upload.title } : {}),
      taken: upload.taken,
      film: upload.kind === 'film',
    };
    return uploadToCase(upload.caseId, upload.blob, start, onProgress, signal);
  });

const otherTabs = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('qiao.unsent');
export const unsent = new UnsentUploads(deviceStore, toServer, () => otherTabs?.postMessage('changed'));
if (otherTabs) otherTabs.onmessage = () => void unsent.reload();
if (typeof window !== 'undefined') window.addEventListener('online', () => unsent.retryPassing());

export function useUnsent(caseId?: string): readonly Unsent[] {
  const all = useSyncExternalStore(unsent.subscribe, unsent.list);
  return caseId === undefined ? all : all.filter((one) => one.caseId === caseId);
}
