/**
 * What a person is writing: in memory at once, sealed on the device a moment later, under that person's name. It outlives a
 * reload, an ended session and a closed tab; nobody else who signs in can open it, and nothing here expires. Each tab has
 * entries of its own, so that two tabs never write over each other; those of a tab that is gone pass to the next one.
 */
import { drop, put, readOf } from './device_db';
import { openJson, sealJson, type Seal, type Sealed } from './seal';

interface Row {
  id: string;
  person: string;
  kind: 'text';
  tab: string;
  at: number;
  /** Work that the server has to get; the rest is a text that was begun. */
  counts: boolean;
  sealed: Sealed;
}

export interface TextStore {
  all(person: string): Promise<Row[]>;
  put(row: Row): Promise<void>;
  drop(id: string): Promise<void>;
}

interface Text {
  name: string;
  value: unknown;
}

/** Names that belong to one tab and end with it. */
const isOfTab = (name: string) => name === 'work';
/** A draft, a new request or a patient that the server does not have as it is here. */
const counts = (name: string, value: unknown) => name.startsWith('new:') || name.startsWith('patient:') || (name.startsWith('draft.') && (value as { dirty?: boolean }).dirty === true);
const labelOf = (person: string, id: string) => `qiao-text-1 ${person} ${id}`;

/** The texts of one person from the beginning of a session to its end. */
interface Opened {
  texts: Map<string, unknown>;
  /** Name → id of its row. */
  ids: Map<string, string>;
  /** Names whose latest value is not on the device yet. */
  waiting: Set<string>;
  person?: string;
  seal?: Seal;
}
const nobody = (): Opened => ({ texts: new Map(), ids: new Map(), waiting: new Set() });

export class KeptTexts {
  private now = nobody();
  private writing: Promise<void> | undefined;
  private readonly listeners = new Set<() => void>();
  private version = 0;

  constructor(
    private readonly store: TextStore,
    private readonly tab: () => Promise<{ own: string; alive: ReadonlySet<string> }>,
  ) {}

  readonly get = (name: string): unknown => this.now.texts.get(name);
  readonly names = (): string[] => [...this.now.texts.keys()];
  readonly snapshot = (): number => this.version;
  readonly subscribe = (listener: () => void): (() => void) => (this.listeners.add(listener), () => this.listeners.delete(listener));

  /** Outside of a session nothing is taken: a page that goes with its session must not write for the next person. */
  set(name: string, value: unknown): void {
    const { texts, waiting, person } = this.now;
    if (person === undefined) return;
    if (value === undefined) {
      if (!texts.delete(name)) return;
    } else texts.set(name, value);
    waiting.add(name);
    this.say();
    this.startWriting(this.now);
  }

  /** Everything written until now is on the device. */
  async settled(): Promise<void> {
    while (this.writing) await this.writing;
  }

  async open(person: string, seal: Seal): Promise<void> {
    if (this.now.person !== undefined && this.now.person !== person) this.close();
    // What the last session wrote in its last moment is on its way.
    await this.settled();
    const opened = this.now;
    const { own, alive } = await this.tab();
    const rows = (await this.store.all(person)).filter((row) => row.tab === own || !alive.has(row.tab)).sort((a, b) => Number(b.tab === own) - Number(a.tab === own) || b.at - a.at);
    for (const row of rows) {
      const text = await openJson<Text>(seal, labelOf(person, row.id), row.sealed).catch(() => undefined);
      if (!text) continue;
      if (row.tab !== own && isOfTab(text.name)) await this.store.drop(row.id);
      // What is in memory is newer. An older text of the same name stays on the device until that place is free.
      else if (!opened.texts.has(text.name)) {
        opened.texts.set(text.name, text.value);
        opened.ids.set(text.name, row.id);
        if (row.tab !== own) await this.store.put({ ...row, tab: own });
      }
    }
    if (this.now !== opened) return;
    Object.assign(opened, { person, seal });
    for (const name of opened.texts.keys()) if (!opened.ids.has(name)) opened.waiting.add(name);
    this.say();
    this.startWriting(opened);
  }

  /** Where the device keeps nothing: until the page ends. */
  openInMemory(person: string): void {
    if (this.now.person !== person) this.now = { ...nobody(), person };
    this.say();
  }

  /** The session is over: nothing stays in memory, everything stays on the device. */
  close(): void {
    this.now = nobody();
    this.say();
  }

  private say(): void {
    this.version += 1;
    for (const listener of this.listeners) listener();
  }

  private startWriting(opened: Opened): void {
    if (!opened.seal || opened.waiting.size === 0) return;
    const before = this.writing ?? Promise.resolve();
    const run: Promise<void> = before.then(() => this.write(opened)).finally(() => {
      if (this.writing === run) this.writing = undefined;
    });
    this.writing = run;
  }

  private async write({ texts, ids, waiting, person, seal }: Opened): Promise<void> {
    const { own } = await this.tab();
    for (const name of waiting) {
      waiting.delete(name);
      if (!seal || person === undefined) return;
      const value = texts.get(name);
      const known = ids.get(name);
      // A full or forbidden store: the page itself still holds the text, and the server's draft follows.
      if (value === undefined) {
        ids.delete(name);
        if (known) await this.store.drop(known).catch(() => undefined);
        continue;
      }
      const id = known ?? `text|${crypto.randomUUID()}`;
      ids.set(name, id);
      const sealed = await sealJson(seal, labelOf(person, id), { name, value } satisfies Text);
      await this.store.put({ id, person, kind: 'text', tab: own, at: Date.now(), counts: counts(name, value), sealed }).catch(() => undefined);
    }
  }
}

const kTab = 'qiao.tab';
const lockOf = (tab: string) => `qiao.tab.${tab}`;

/** The number of this tab, held for as long as it lives; a duplicated tab finds it taken and gets one of its own. */
async function holdTab(): Promise<string> {
  const known = sessionStorage.getItem(kTab) ?? crypto.randomUUID();
  if (!navigator.locks) return known;
  const hold = (tab: string) =>
    new Promise<boolean>((resolve) => {
      void navigator.locks.request(lockOf(tab), { ifAvailable: true }, (lock) => {
        resolve(lock !== null);
        return lock ? new Promise(() => undefined) : undefined;
      });
    });
  const tab = (await hold(known)) ? known : crypto.randomUUID();
  if (tab !== known) await hold(tab);
  sessionStorage.setItem(kTab, tab);
  return tab;
}

let ownTab: Promise<string> | undefined;

async function tabs(): Promise<{ own: string; alive: ReadonlySet<string> }> {
  const own = await (ownTab ??= holdTab());
  const held = (await navigator.locks?.query())?.held ?? [];
  return { own, alive: new Set(held.map((lock) => (lock.name ?? '').replace('qiao.tab.', ''))) };
}

export const keptTexts = new KeptTexts(
  {
    all: async (person) => (await readOf<Row>('unsent', person)).filter((row) => row.kind === 'text'),
    put: (row) => put('unsent', row),
    drop: (id) => drop('unsent', id),
  },
  tabs,
);
