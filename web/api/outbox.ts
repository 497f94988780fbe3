/**
 * Texts that the server has to get and that no open page sends: patients registered and requests begun without a line, and
 * drafts whose page was closed. Each goes by itself as soon as there is a line, and exactly once: a patient and a case by the id
 * made here, a draft by the version it grew from; a patient goes before what is asked for them. What the server refuses, and what
 * somebody else changed meanwhile, stays here and waits for its person; it holds up nothing else.
 */
import { useSyncExternalStore } from 'react';
import { invalidate } from './cache';
import { nameOf, type Patient } from './fhir';
import { createCase, readDraft, saveDraft } from './flow';
import { ApiError, newId, post } from './http';
import { keptTexts } from './kept_texts';
import { registerPatient } from './patients';
import { sameJson } from './same_json';
import { unsent } from './unsent';

/** What a request says of its patient as long as it is no case. */
export interface PatientOfRequest {
  patient: string;
  patientName: string;
  sex?: string;
  birthDate?: string;
}
export const patientOfRequest = (patient: string, { name, gender, birthDate }: Patient): PatientOfRequest => ({
  patient,
  patientName: nameOf(name),
  ...(gender ? { sex: gender } : {}),
  ...(birthDate ? { birthDate } : {}),
});

/** A request begun without a line: there is no case yet. */
export interface NewRequest extends PatientOfRequest {
  receiver: string;
  receiverName: string;
  begun: string;
  /** The editor's own value, and the same as it goes to the server. */
  value: unknown;
  wire: unknown;
}

/** A patient registered without a line. */
export interface NewPatient {
  /** The form's own value, and the same as it goes to the server. */
  value: unknown;
  patient: Patient;
  /** Empty: there are papers. */
  noIdReason: string;
  /** The person has seen the likely duplicates and means somebody else. */
  confirmed: boolean;
  begun: string;
  /** The server may have heard of it: the same is sent again until there is an answer, and nothing of it is changed. */
  tried: boolean;
}

interface KeptDraft {
  value: unknown;
  base: number;
  dirty: boolean;
  sent?: unknown;
  wire?: unknown;
}

export interface OutboxItem {
  name: string;
  kind: 'patient' | 'new' | 'draft';
  /** Of a draft: its case. Of a new request: its create id. Of a patient: the id of the registration. */
  id: string;
  draft: string;
  request?: NewRequest;
  patient?: NewPatient;
  error?: unknown;
  /** Somebody wrote the same draft elsewhere: both are shown when it is opened. */
  conflict: boolean;
}

export interface Arrived {
  createId: string;
  caseId: string;
}

/** That something was given up unsent: the server keeps it in its audit. */
export interface DiscardNote {
  what: string;
  /** Empty where there is no case yet. */
  case: string;
  reason: string;
}

export interface OutboxLine {
  /** @returns "Patient/…", the same each time it is sent under this id */
  register(id: string, patient: NewPatient): Promise<string>;
  create(createId: string, request: NewRequest): Promise<string>;
  save(caseId: string, draft: string, base: number, wire: unknown): Promise<unknown>;
  read(caseId: string, draft: string): Promise<{ version: number; body: unknown }>;
  /** Photos taken for a request without a case now have one. */
  adopt(createId: string, caseId: string): Promise<void>;
  noteDiscard(note: DiscardNote): Promise<unknown>;
}

export interface OutboxTexts {
  get(name: string): unknown;
  names(): string[];
  set(name: string, value: unknown): void;
  settled(): Promise<void>;
}

export const newName = (createId: string) => `new:${createId}`;
/** Stands for the case of a request that has none yet, where uploads name their case. */
export const placeOf = (createId: string) => `new.${createId}`;
export const registrationName = (id: string) => `patient:${id}`;
/** Stands for a patient whom the server does not know yet, wherever a patient is named. */
export const unregistered = (id: string) => `Patient/new.${id}`;
export const isUnregistered = (reference: string) => reference.startsWith('Patient/new.');
const kArrived = 'arrived:';
const kRegistered = 'registered:';
const kPausesMs = [3000, 6000, 12_000, 30_000];

export class Outbox {
  private readonly errors = new Map<string, unknown>();
  private readonly conflicts = new Set<string>();
  private readonly editors = new Map<string, number>();
  private isOpen = false;
  private running: Promise<void> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private readonly listeners = new Set<() => void>();
  private version = 0;

  constructor(
    private readonly texts: OutboxTexts,
    private readonly line: OutboxLine,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => (this.listeners.add(listener), () => this.listeners.delete(listener));
  readonly snapshot = (): number => this.version;

  /** What has arrived and its person has not seen yet: kept, because the tab may close in that moment. */
  arrivals(): Arrived[] {
    return this.texts.names().flatMap((name) => (name.startsWith(kArrived) ? [{ createId: name.slice(kArrived.length), caseId: this.texts.get(name) as string }] : []));
  }

  /** Registrations that arrived: id of the registration → "Patient/…". */
  registered(): { id: string; patient: string }[] {
    return this.texts.names().flatMap((name) => (name.startsWith(kRegistered) ? [{ id: name.slice(kRegistered.length), patient: this.texts.get(name) as string }] : []));
  }

  items(): OutboxItem[] {
    const patientsFirst = [...this.texts.names()].sort((a, b) => Number(b.startsWith('patient:')) - Number(a.startsWith('patient:')));
    return patientsFirst.flatMap((name): OutboxItem[] => {
      const common = { name, error: this.errors.get(name), conflict: this.conflicts.has(name) };
      if (name.startsWith('patient:')) return [{ ...common, kind: 'patient', id: name.slice(8), draft: '', patient: this.texts.get(name) as NewPatient }];
      if (name.startsWith('new:')) return [{ ...common, kind: 'new', id: name.slice(4), draft: 'request', request: this.texts.get(name) as NewRequest }];
      const found = /^draft\.([^.]+)\.([a-z_]+)$/.exec(name);
      const [, id = '', draft = ''] = found ?? [];
      return found && (this.texts.get(name) as KeptDraft).dirty ? [{ ...common, kind: 'draft', id, draft }] : [];
    });
  }

  /** The session of these texts can send. */
  open(): void {
    this.isOpen = true;
    this.run();
  }

  close(): void {
    this.isOpen = false;
    clearTimeout(this.retry);
    this.failures = 0;
    this.errors.clear();
    this.conflicts.clear();
    this.say();
  }

  /** A page that writes this draft sends it itself. */
  editing(name: string): () => void {
    this.editors.set(name, (this.editors.get(name) ?? 0) + 1);
    this.conflicts.delete(name);
    return () => {
      this.editors.set(name, (this.editors.get(name) ?? 1) - 1);
      this.later(kPausesMs[0] ?? 3000);
    };
  }

  discard(name: string): void {
    this.texts.set(name, undefined);
    this.errors.delete(name);
    this.conflicts.delete(name);
    this.say();
  }

  /** Kept like any other text until the server has it, and shown to nobody. */
  noteDiscard(note: DiscardNote): void {
    this.texts.set(`discard:${newId()}`, { ...note, case: note.case.startsWith('new.') ? '' : note.case });
    this.run();
  }

  seen(createId: string): void {
    this.texts.set(kArrived + createId, undefined);
    this.say();
  }
  seenRegistered(id: string): void {
    this.texts.set(kRegistered + id, undefined);
    this.say();
  }

  /** The person's answer to likely duplicates: somebody else; it is sent again. */
  isAnother(id: string): void {
    this.texts.set(registrationName(id), { ...(this.texts.get(registrationName(id)) as NewPatient), confirmed: true } satisfies NewPatient);
    this.errors.delete(registrationName(id));
    this.run();
  }

  /** The other answer: it is this registered patient, for whom what was begun goes on. */
  async isThisOne(id: string, patient: Patient): Promise<void> {
    this.noteDiscard({ what: 'registration', case: '', reason: 'duplicate' });
    this.nameInRequests(id, patient);
    await this.bind(id, `Patient/${patient.id}`);
    this.run();
  }

  /** Corrected by the person, who has seen no likely duplicates of it yet. Only while nothing of it is on its way. */
  changePatient(id: string, change: Pick<NewPatient, 'value' | 'patient' | 'noIdReason'>): void {
    this.texts.set(registrationName(id), { ...(this.texts.get(registrationName(id)) as NewPatient), ...change, confirmed: false } satisfies NewPatient);
    this.errors.delete(registrationName(id));
    this.nameInRequests(id, change.patient);
    this.run();
  }

  /** Requests that go for this patient once the server knows them. */
  waitingFor(id: string): OutboxItem[] {
    return this.items().filter((one) => one.request?.patient === unregistered(id));
  }

  private nameInRequests(id: string, patient: Patient): void {
    for (const { name, request } of this.waitingFor(id)) if (request) this.texts.set(name, { ...request, ...patientOfRequest(request.patient, patient) });
  }

  /** Sends what waits. Also after a refusal when a person asks for it (`again`). */
  run(again = false): void {
    if (again) this.errors.clear();
    this.running ??= this.sendAll().finally(() => {
      this.running = undefined;
    });
  }

  async settled(): Promise<void> {
    while (this.running) await this.running;
  }

  private say(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }

  private later(ms: number): void {
    clearTimeout(this.retry);
    if (this.isOpen) this.retry = setTimeout(() => this.run(), ms);
  }

  private async sendAll(): Promise<void> {
    if (!(await this.sendDiscards())) return;
    for (const item of this.items()) {
      if (!this.isOpen) return;
      if (this.errors.has(item.name) || this.conflicts.has(item.name)) continue;
      try {
        // Read anew: a registration before it in this round may have given its patient a name.
        const request = this.texts.get(item.name) as NewRequest | undefined;
        if (item.kind === 'patient') await this.sendPatient(item.id);
        else if (item.kind === 'new') await (request && !isUnregistered(request.patient) ? this.sendNew(item.id, request) : undefined);
        else await this.sendDraft(item.name, item.id, item.draft);
        this.failures = 0;
      } catch (cause) {
        if (cause instanceof ApiError && cause.isPassing) {
          // No line: everything waits. The line's return or the pause tries again.
          this.later(kPausesMs[Math.min(this.failures++, kPausesMs.length - 1)] ?? 30_000);
          return;
        }
        this.errors.set(item.name, cause);
        this.say();
      }
    }
  }

  /** False when there is no line. */
  private async sendDiscards(): Promise<boolean> {
    for (const name of this.texts.names().filter((one) => one.startsWith('discard:'))) {
      if (!this.isOpen) return false;
      try {
        await this.line.noteDiscard(this.texts.get(name) as DiscardNote);
      } catch (cause) {
        if (!(cause instanceof ApiError) || !cause.isPassing) continue;
        this.later(kPausesMs[Math.min(this.failures++, kPausesMs.length - 1)] ?? 30_000);
        return false;
      }
      this.texts.set(name, undefined);
    }
    return true;
  }

  private async sendPatient(id: string): Promise<void> {
    const name = registrationName(id);
    const kept = this.texts.get(name) as NewPatient | undefined;
    if (!kept || (this.editors.get(name) ?? 0) > 0) return;
    const mark = (tried: boolean) => this.texts.set(name, { ...kept, tried } satisfies NewPatient);
    mark(true);
    await this.texts.settled();
    try {
      await this.bind(id, await this.line.register(id, kept));
    } catch (cause) {
      if (cause instanceof ApiError && !cause.isPassing) mark(false);
      throw cause;
    }
  }

  /** From now on the patient has a reference. In this order, each durable before the next, like sendNew(). */
  private async bind(id: string, reference: string): Promise<void> {
    let rides = false;
    for (const name of this.texts.names()) {
      const text = this.texts.get(name) as { patient?: unknown } | undefined;
      // Requests, and the note of what this tab works on.
      if (text?.patient !== unregistered(id)) continue;
      this.texts.set(name, { ...text, patient: reference });
      rides ||= name.startsWith('new:');
    }
    // A request that rides along tells of its own arrival.
    if (!rides) this.texts.set(kRegistered + id, reference);
    await this.texts.settled();
    this.texts.set(registrationName(id), undefined);
    this.errors.delete(registrationName(id));
    await this.texts.settled();
    invalidate('patients:');
    this.say();
  }

  private async sendNew(createId: string, request: NewRequest): Promise<void> {
    const caseId = await this.line.create(createId, request);
    // In this order, each durable before the next: broken off anywhere, the same steps lead to the same end.
    const latest = (this.texts.get(newName(createId)) as NewRequest | undefined) ?? request;
    this.texts.set(`draft.${caseId}.request`, { value: latest.value, base: 0, dirty: true, wire: latest.wire } satisfies KeptDraft);
    await this.texts.settled();
    await this.line.adopt(createId, caseId);
    this.texts.set(kArrived + createId, caseId);
    this.texts.set(newName(createId), undefined);
    await this.texts.settled();
    invalidate('list:', 'worklists', `case:${caseId}`);
    this.say();
    await this.sendDraft(`draft.${caseId}.request`, caseId, 'request');
  }

  private async sendDraft(name: string, caseId: string, draft: string): Promise<void> {
    const kept = this.texts.get(name) as KeptDraft | undefined;
    if (!kept?.dirty || kept.wire === undefined || (this.editors.get(name) ?? 0) > 0) return;
    try {
      await this.line.save(caseId, draft, kept.base, kept.wire);
    } catch (cause) {
      if (!(cause instanceof ApiError) || cause.code !== 'flow.draft_stale') throw cause;
      const theirs = await this.line.read(caseId, draft);
      // An earlier try arrived and its answer was lost: it is this very text. Anything else is for the person to compare.
      if (!sameJson(theirs.body, kept.wire)) {
        this.conflicts.add(name);
        this.say();
        return;
      }
    }
    if (this.texts.get(name) === kept) this.texts.set(name, undefined);
    invalidate(`case:${caseId}`);
    this.say();
  }
}

export const outbox = new Outbox(keptTexts, {
  register: async (id, { patient, noIdReason, confirmed }) => `Patient/${(await registerPatient(id, patient, noIdReason, confirmed)).id}`,
  create: (createId, request) => createCase({ machine: 'consult', createId, patient: request.patient, fields: { receiver: request.receiver } }),
  save: saveDraft,
  read: readDraft,
  adopt: (createId, caseId) => unsent.moveTo(placeOf(createId), caseId),
  noteDiscard: (note) => post<undefined>('/access/me/discards', note),
});
export const editing = (name: string): (() => void) => outbox.editing(name);
if (typeof window !== 'undefined') window.addEventListener('online', () => outbox.run());

/** What is here and not there, newest state. */
export function useOutbox(): OutboxItem[] {
  useSyncExternalStore(keptTexts.subscribe, keptTexts.snapshot);
  useSyncExternalStore(outbox.subscribe, outbox.snapshot);
  return outbox.items();
}
export function useRegistered(): { id: string; patient: string }[] {
  useSyncExternalStore(keptTexts.subscribe, keptTexts.snapshot);
  return outbox.registered();
}
export function useArrivals(): Arrived[] {
  useSyncExternalStore(keptTexts.subscribe, keptTexts.snapshot);
  return outbox.arrivals();
}
