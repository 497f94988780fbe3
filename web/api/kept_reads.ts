/**
 * What a person read, for the time without a line: lists, cases and patients that were on screen, sealed under a key of its
 * own that goes at log-off; entries go after 72 hours in any case. The cache shows an entry only with its age.
 */
import { drop, dropOf, put, putMeta, readAll, readOf, readOne } from './device_db';
import { openJson, sealJson, sealOf, type Seal, type Sealed } from './seal';

export const kKept_ms = 72 * 3_600_000;
const kMost = 300;
const kLargest_bytes = 512 * 1024;

interface Row {
  id: string;
  person: string;
  at: number;
  sealed: Sealed;
}

/** What is worth keeping: what a page shows first. No search, whose words may be a name; no figures, no administration. */
const kKinds = [/^worklists$/, /^list:[a-z_]+:(today|(due|waiting|urgency):)$/, /^case:[^:]+$/, /^patient:[^:]+$/, /^record:[^:]+$/, /^patients:recent$/, /^receivers$/, /^contracts$/, /^pack:/, /^clinic-card$/];
export const isKeptKind = (key: string): boolean => kKinds.some((kind) => kind.test(key));

const keyName = (person: string) => `reads.${person}`;
const idOf = (person: string, key: string) => `${person}|${key}`;

class KeptReads {
  private person = '';
  private seal: Seal | undefined;

  /** @param outer  the person's seal: it keeps the key of the reads, and only that */
  async open(person: string, outer: Seal): Promise<void> {
    this.person = person;
    const label = `qiao-reads-key-1 ${person}`;
    const known = await readOne<Sealed>('meta', keyName(person));
    let raw = known && new Uint8Array(await outer.open(label, known));
    if (!raw) {
      raw = crypto.getRandomValues(new Uint8Array(32));
      await putMeta(keyName(person), await outer.seal(label, raw));
    }
    const seal = await sealOf(raw);
    raw.fill(0);
    if (this.person !== person) return;
    this.seal = seal;
    this.opened();
  }

  /** Called each time they can be read; who asked too early asks again. */
  opened: () => void = () => undefined;

  readonly isOpen = (): boolean => this.seal !== undefined;

  close(): void {
    this.person = '';
    this.seal = undefined;
  }

  readonly write = (key: string, data: unknown): Promise<void> => this.writer()(key, data);

  /** Writes for the person who is there now, and after the end of their session no more: for what takes longer than a moment. */
  writer(): (key: string, data: unknown) => Promise<void> {
    const { person, seal } = this;
    return async (key, data) => {
      if (!seal || this.seal !== seal || !isKeptKind(key)) return;
      const sealed = await sealJson(seal, `qiao-read-1 ${idOf(person, key)}`, data);
      if (sealed.bytes.byteLength > kLargest_bytes || this.seal !== seal) return;
      await put('reads', { id: idOf(person, key), person, at: Date.now(), sealed } satisfies Row);
    };
  }

  async read(key: string): Promise<{ data: unknown; at: number } | undefined> {
    const { person, seal } = this;
    if (!seal || !isKeptKind(key)) return undefined;
    const row = await readOne<Row>('reads', idOf(person, key));
    if (!row || Date.now() - row.at > kKept_ms) return undefined;
    return { data: await openJson(seal, `qiao-read-1 ${row.id}`, row.sealed), at: row.at };
  }

  /** All that was kept under names that begin so; what does not open is left out. */
  async readBeginning(start: string): Promise<unknown[]> {
    const { person, seal } = this;
    if (!seal) return [];
    const rows = (await readOf<Row>('reads', person)).filter((row) => row.id.startsWith(idOf(person, start)) && Date.now() - row.at <= kKept_ms);
    const opened = await Promise.all(rows.map((row) => openJson(seal, `qiao-read-1 ${row.id}`, row.sealed).catch(() => undefined)));
    return opened.filter((data) => data !== undefined);
  }

  /** At log-off, and after the last wrong PIN: the key first, then what it opened. */
  async wipe(person: string): Promise<void> {
    if (this.person === person) this.close();
    await drop('meta', keyName(person));
    await dropOf('reads', person);
  }

  /** What is too old goes, whoever's it is; needs no key. */
  async sweep(now: number = Date.now()): Promise<void> {
    const rows = (await readAll<Row>('reads')).sort((a, b) => b.at - a.at);
    const kept = new Map<string, number>();
    for (const row of rows) {
      const count = (kept.get(row.person) ?? 0) + 1;
      kept.set(row.person, count);
      if (count > kMost || now - row.at > kKept_ms) await drop('reads', row.id);
    }
  }
}

export const keptReads = new KeptReads();
