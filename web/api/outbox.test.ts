import { afterEach, describe, expect, it } from 'vitest';
import { ApiError } from './http';
import type { Patient } from './fhir';
import { newName, Outbox, registrationName, unregistered, type DiscardNote, type NewPatient, type NewRequest, type OutboxLine } from './outbox';

const broken = () => new ApiError(0, 'client.no_connection', '');
const refused = (code: string) => new ApiError(422, code, '');

class Texts {
  readonly all = new Map<string, unknown>();
  get = (name: string) => this.all.get(name);
  names = () => [...this.all.keys()];
  set = (name: string, value: unknown) => void (value === undefined ? this.all.delete(name) : this.all.set(name, value));
  settled = async () => undefined;
}

/** A server that knows create ids and versions; `lose` says whose answers do not arrive. */
class Server implements OutboxLine {
  /** By the id of the registration: its body and the patient. */
  readonly registrations = new Map<string, { body: string; reference: string }>();
  /** A name that is registered here already. */
  known = '';
  readonly cases = new Map<string, string>();
  readonly drafts = new Map<string, { version: number; body: unknown }>();
  readonly adopted: string[] = [];
  readonly patients = new Map<string, string>();
  readonly discards: DiscardNote[] = [];
  lose = new Set<string>();
  refuse = new Set<string>();
  down = false;
  private answer<T>(what: string, value: T): T {
    if (this.lose.delete(what)) throw broken();
    return value;
  }
  async register(id: string, { patient, noIdReason, confirmed }: NewPatient) {
    if (this.down) throw broken();
    if (this.refuse.has(id)) throw refused('patient.name_missing');
    const body = JSON.stringify({ patient, noIdReason, confirmed });
    const before = this.registrations.get(id);
    if (before) {
      if (before.body !== body) throw new ApiError(409, 'record.request_id_reused', '');
      return before.reference;
    }
    if (patient.name?.[0]?.text === this.known && !confirmed) throw new ApiError(409, 'patient.likely_duplicate', '');
    const reference = `Patient/${this.registrations.size + 1}`;
    this.registrations.set(id, { body, reference });
    return this.answer('register', reference);
  }
  async create(createId: string, request: NewRequest) {
    if (this.down) throw broken();
    if (this.refuse.has(createId)) throw refused('flow.no_contract');
    const known = this.cases.get(createId) ?? `case-${this.cases.size + 1}`;
    this.cases.set(createId, known);
    this.patients.set(known, request.patient);
    return this.answer('create', known);
  }
  async save(caseId: string, _draft: string, base: number, wire: unknown) {
    if (this.down) throw broken();
    const held = this.drafts.get(caseId) ?? { version: 0, body: undefined };
    if (held.version !== base) throw new ApiError(412, 'flow.draft_stale', '');
    this.drafts.set(caseId, { version: base + 1, body: wire });
    return this.answer('save', undefined);
  }
  async read(caseId: string) {
    return this.drafts.get(caseId)!;
  }
  async adopt(createId: string, caseId: string) {
    this.adopted.push(`${createId}>${caseId}`);
  }
  async noteDiscard(note: DiscardNote) {
    if (this.down) throw broken();
    this.discards.push(note);
  }
}

const request = (summary: string): NewRequest => ({ patient: 'Patient/1', patientName: 'A', receiver: 'Organization/h', receiverName: 'H', begun: '2026-01-01T00:00:00Z', value: { summary }, wire: { summary } });
const boxes: Outbox[] = [];
const boxOf = (texts: Texts, server: Server) => {
  const box = new Outbox(texts, server);
  boxes.push(box);
  return box;
};
afterEach(() => boxes.splice(0).forEach((box) => box.close()));
const run = async (box: Outbox) => {
  box.open();
  await box.settled();
};

describe('a request begun without a line', () => {
  it('arrives once, also when an answer was lost and the tab was closed in between', async () => {
    for (const lost of [['create'], ['save'], ['create', 'save']]) {
      const texts = new Texts();
      const server = new Server();
      server.lose = new Set(lost);
      texts.set(newName('n1'), request('head'));
      for (let tab = 0; tab < 4; tab += 1) await run(boxOf(texts, server)); // a new tab each time: nothing but the device stays
      expect([...server.patients], String(lost)).toEqual([['case-1', 'Patient/1']]);
      expect(server.drafts.get('case-1'), String(lost)).toEqual({ version: 1, body: { summary: 'head' } });
      expect(texts.names(), String(lost)).toEqual(['arrived:n1']);
      expect(new Set(server.adopted)).toEqual(new Set(['n1>case-1']));
    }
  });

  it('that the server refuses waits for its person and holds up nobody', async () => {
    const texts = new Texts();
    const server = new Server();
    server.refuse.add('n1');
    texts.set(newName('n1'), request('a'));
    texts.set(newName('n2'), request('b'));
    const box = boxOf(texts, server);
    await run(box);
    expect([...server.cases.keys()]).toEqual(['n2']);
    expect(box.items().map((one) => [one.id, (one.error as ApiError).code])).toEqual([['n1', 'flow.no_contract']]);
    await run(box);
    expect(texts.names(), 'it is not given up').toEqual([newName('n1'), 'arrived:n2']);
  });

  it('says when it has arrived', async () => {
    const texts = new Texts();
    texts.set(newName('n1'), request('a'));
    const box = boxOf(texts, new Server());
    await run(box);
    expect(box.arrivals()).toEqual([{ createId: 'n1', caseId: 'case-1' }]);
    box.seen('n1');
    expect(box.arrivals()).toEqual([]);
  });
});

const person = (name: string): Patient => ({ resourceType: 'Patient', name: [{ text: name }], gender: 'female', birthDate: '1980-01-01' });
const registration = (name: string): NewPatient => ({ value: { name }, patient: person(name), noIdReason: '', confirmed: false, begun: '2026-01-01T00:00:00Z', tried: false });
const requestFor = (id: string) => ({ ...request('head'), patient: unregistered(id) });

describe('a patient registered without a line', () => {
  it('arrives once and before what is asked for them, also when answers are lost and tabs are closed', async () => {
    for (const lost of [[], ['register'], ['register', 'create', 'save']]) {
      const texts = new Texts();
      const server = new Server();
      server.lose = new Set(lost);
      texts.set(newName('n1'), requestFor('r1'));
      texts.set('work', { patient: unregistered('r1'), name: 'A', path: '/', pieces: ['x'] });
      texts.set(registrationName('r1'), registration('A'));
      for (let tab = 0; tab < 5; tab += 1) await run(boxOf(texts, server));
      expect(server.registrations.size, String(lost)).toBe(1);
      expect([...server.patients], String(lost)).toEqual([['case-1', 'Patient/1']]);
      expect(texts.names().sort(), String(lost)).toEqual(['arrived:n1', 'work']);
      expect(texts.get('work'), 'what the tab works on is the same patient').toMatchObject({ patient: 'Patient/1' });
    }
  });

  it('alone tells that it has arrived', async () => {
    const texts = new Texts();
    texts.set(registrationName('r1'), registration('A'));
    const box = boxOf(texts, new Server());
    await run(box);
    expect(box.registered()).toEqual([{ id: 'r1', patient: 'Patient/1' }]);
    expect(box.items()).toEqual([]);
    box.seenRegistered('r1');
    expect(texts.names()).toEqual([]);
  });

  it('whom the server may know already waits for its person, with what hangs on it and nothing else', async () => {
    const texts = new Texts();
    const server = new Server();
    server.known = 'A';
    texts.set(registrationName('r1'), registration('A'));
    texts.set(newName('n1'), requestFor('r1'));
    texts.set(registrationName('r2'), registration('B'));
    texts.set(newName('n2'), requestFor('r2'));
    await run(boxOf(texts, server));
    const box = boxOf(texts, server);
    await run(box);
    expect([...server.registrations.keys()]).toEqual(['r2']);
    expect(server.patients.size).toBe(1);
    expect(box.items().map((one) => [one.id, (one.error as ApiError | undefined)?.code])).toEqual([['r1', 'patient.likely_duplicate'], ['n1', undefined]]);
    expect(box.waitingFor('r1').map((one) => one.id)).toEqual(['n1']);
    server.lose.add('register');
    box.isAnother('r1');
    await box.settled();
    await run(boxOf(texts, server));
    expect([...server.registrations.keys()]).toEqual(['r2', 'r1']);
    expect([...server.patients.values()]).toEqual(['Patient/1', 'Patient/2']);
  });

  it('who is a registered patient gives way to that one', async () => {
    const texts = new Texts();
    const server = new Server();
    server.known = 'A';
    texts.set(registrationName('r1'), registration('A'));
    texts.set(newName('n1'), requestFor('r1'));
    const box = boxOf(texts, server);
    await run(box);
    await box.isThisOne('r1', { ...person('A. Lin'), id: 'known' });
    await box.settled();
    expect(server.registrations.size).toBe(0);
    expect([...server.patients.values()]).toEqual(['Patient/known']);
    expect(server.discards).toEqual([{ what: 'registration', case: '', reason: 'duplicate' }]);
    expect(texts.names()).toEqual(['arrived:n1']);
  });

  it('that is refused can be corrected, and not while the server may have it', async () => {
    const texts = new Texts();
    const server = new Server();
    server.refuse.add('r1');
    texts.set(registrationName('r1'), registration(''));
    texts.set(newName('n1'), requestFor('r1'));
    const box = boxOf(texts, server);
    await run(box);
    expect(texts.get(registrationName('r1'))).toMatchObject({ tried: false });
    server.refuse.clear();
    server.down = true;
    box.changePatient('r1', { value: { name: 'C' }, patient: { ...person('C'), birthDate: '1990-02-02' }, noIdReason: '' });
    expect(texts.get(newName('n1'))).toMatchObject({ patientName: 'C', birthDate: '1990-02-02', patient: unregistered('r1') });
    await box.settled();
    expect(texts.get(registrationName('r1')), 'no answer: it may have arrived').toMatchObject({ tried: true });
    server.down = false;
    await run(boxOf(texts, server));
    expect([...server.registrations.values()].map((one) => JSON.parse(one.body).patient.name[0].text)).toEqual(['C']);
    expect(server.patients.size).toBe(1);
  });
});

describe('a draft whose page is closed', () => {
  const dirty = (body: string, base: number) => ({ value: body, base, dirty: true, wire: { summary: body } });

  it('goes when there is a line, and not while its page is open', async () => {
    const texts = new Texts();
    const server = new Server();
    texts.set('draft.c1.request', dirty('mine', 0));
    const box = boxOf(texts, server);
    const closed = box.editing('draft.c1.request');
    await run(box);
    expect(server.drafts.size).toBe(0);
    closed();
    await run(box);
    expect(server.drafts.get('c1')?.body).toEqual({ summary: 'mine' });
    expect(texts.names()).toEqual([]);
  });

  it('that somebody changed elsewhere is kept, both as they are', async () => {
    const texts = new Texts();
    const server = new Server();
    server.drafts.set('c1', { version: 4, body: { summary: 'theirs' } });
    texts.set('draft.c1.request', dirty('mine', 3));
    const box = boxOf(texts, server);
    await run(box);
    expect(box.items().map((one) => one.conflict)).toEqual([true]);
    expect(server.drafts.get('c1')).toEqual({ version: 4, body: { summary: 'theirs' } });
    expect(texts.get('draft.c1.request')).toMatchObject({ value: 'mine' });
  });

  it('stays while there is no line, and discards are told when there is one', async () => {
    const texts = new Texts();
    const server = new Server();
    server.down = true;
    texts.set('draft.c1.request', dirty('mine', 0));
    const box = boxOf(texts, server);
    box.noteDiscard({ what: 'photo', case: 'new.x', reason: 'unusable' });
    await run(box);
    expect(texts.names().length).toBe(2);
    expect(box.items().length, 'a discard is not shown as unsent').toBe(1);
    server.down = false;
    await run(box);
    expect(texts.names()).toEqual([]);
    expect(server.discards).toEqual([{ what: 'photo', case: '', reason: 'unusable' }]);
  });
});
