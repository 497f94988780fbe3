/**
 * Files of resources into the record: NDJSON line by line, Bundles as they are meant, in transactions of bounded size. What the
 * server refuses is named by file and line and the rest goes on; the same transaction sent twice is carried out once.
 */
import { isExactObject, parseExact, stringIn, textOfExact, type Exact, type ExactObject } from '../../api/exact_json';
import { ApiError, newId } from '../../api/http';
import { sendTransaction, type WrittenEntry } from '../../api/record';

export interface Failure {
  file: string;
  /** Line of NDJSON, or entry of a Bundle, from 1; 0 for the whole file. */
  line: number;
  what: string;
  code: string;
  text: string;
}

export interface Progress {
  bytes: number;
  readBytes: number;
  created: Record<string, number>;
  updated: Record<string, number>;
  deleted: number;
  failed: number;
  /** The first of them. */
  failures: Failure[];
  state: 'running' | 'done' | 'cancelled' | 'stopped';
  /** Why it stopped. */
  error?: unknown;
  /** Lines that were on their way when it stopped: whether they are stored is not known. */
  unsure?: { file: string; from: number; to: number };
}

/** What is sent together, and what of it is kept in memory. */
export const kLimits = { entries: 100, bytes: 2_000_000, line: 16_000_000, bundle: 64_000_000, linked: 5000, failures: 10_000 };
const kTries = 5;

interface Item {
  file: string;
  line: number;
  what: string;
  /** Bundle.entry as text. */
  entry: string;
}

type Send = (bundle: string, id: string) => Promise<WrittenEntry[]>;
type Wait = (ms: number) => Promise<void>;

const transactionOf = (items: readonly Item[]) => `{"resourceType":"Bundle","type":"transaction","entry":[${items.map((one) => one.entry).join(',')}]}`;
/** Every request after this one would be refused too. */
const endsAll = (error: ApiError) => error.status === 401 || error.code === 'record.no_plain_write' || error.code === 'access.enrol_first';
const isPassing = (error: ApiError) => error.isPassing || error.status === 429;

export class Import {
  readonly progress: Progress;
  private readonly abort = new AbortController();
  private waiting: Item[] = [];
  private waitingBytes = 0;

  constructor(
    private readonly files: readonly File[],
    private readonly changed: () => void,
    private readonly send: Send = sendTransaction,
    private readonly wait: Wait = (ms) => new Promise((done) => setTimeout(done, ms)),
  ) {
    this.progress = { bytes: files.reduce((sum, one) => sum + one.size, 0), readBytes: 0, created: {}, updated: {}, deleted: 0, failed: 0, failures: [], state: 'running' };
  }

  cancel(): void {
    this.abort.abort();
  }

  async run(): Promise<void> {
    try {
      for (const file of this.files) {
        await this.readFile(file);
        await this.flush();
      }
      this.progress.state = 'done';
    } catch (error) {
      this.progress.state = this.abort.signal.aborted ? 'cancelled' : 'stopped';
      if (!this.abort.signal.aborted) this.progress.error = error;
    }
    this.changed();
  }

  private fail(failure: Failure): void {
    this.progress.failed += 1;
    if (this.progress.failures.length < kLimits.failures) this.progress.failures.push(failure);
  }

  private async readFile(file: File): Promise<void> {
    if (/\.(ndjson|jsonl)$/i.test(file.name)) return this.readLines(file);
    if (file.size > kLimits.bundle) {
      this.progress.readBytes += file.size;
      return this.fail({ file: file.name, line: 0, what: '', code: 'client.import_too_large', text: '' });
    }
    const text = await file.text();
    let whole: Exact;
    try {
      whole = parseExact(text);
    } catch {
      return this.readLines(file);
    }
    this.progress.readBytes += file.size;
    await this.readWhole(file.name, whole);
  }

  private async readLines(file: File): Promise<void> {
    const reader = file.stream().getReader();
    const decoder = new TextDecoder();
    let line = 0;
    let rest = '';
    let tooLong = false;
    const take = async (text: string) => {
      line += 1;
      if (tooLong) this.fail({ file: file.name, line, what: '', code: 'client.import_too_large', text: '' });
      else if (text.trim() !== '') await this.takeText(file.name, line, text);
      tooLong = false;
    };
    for (;;) {
      const { done, value } = await reader.read();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      for (const one of lines) await take(one);
      if (rest.length > kLimits.line) {
        tooLong = true;
        rest = '';
      }
      if (value) this.progress.readBytes += value.byteLength;
      this.changed();
      if (done) break;
    }
    if (rest !== '' || tooLong) await take(rest);
  }

  private async takeText(file: string, line: number, text: string): Promise<void> {
    let resource: Exact;
    try {
      resource = parseExact(text);
    } catch (error) {
      return this.fail({ file, line, what: '', code: 'client.import_no_json', text: error instanceof Error ? error.message : '' });
    }
    await this.takeResource(file, line, resource, text);
  }

  /** A resource with an id goes under it, one without gets one. */
  private async takeResource(file: string, line: number, resource: Exact, text?: string): Promise<void> {
    const type = isExactObject(resource) ? stringIn(resource['resourceType']) : undefined;
    if (!isExactObject(resource) || !type) return this.fail({ file, line, what: '', code: 'client.import_no_resource', text: '' });
    const id = stringIn(resource['id']);
    const request = id ? { method: 'PUT', url: `${type}/${id}` } : { method: 'POST', url: type };
    await this.put({ file, line, what: request.url, entry: `{"resource":${text ?? textOfExact(resource)},"request":${JSON.stringify(request)}}` });
  }

  private async readWhole(file: string, whole: Exact): Promise<void> {
    if (!isExactObject(whole) || whole['resourceType'] !== 'Bundle') return this.takeResource(file, 1, whole);
    const entries = Array.isArray(whole['entry']) ? whole['entry'].filter(isExactObject) : [];
    const type = stringIn(whole['type']) ?? '';
    if (type === 'transaction') return this.sendWhole(file, entries.length, textOfExact(whole));
    if (type === 'document' || type === 'message') return this.takeResource(file, 1, whole);
    if (type === 'batch') {
      for (const [index, one] of entries.entries()) {
        const request = isExactObject(one['request']) ? one['request'] : {};
        await this.put({ file, line: index + 1, what: stringIn(request['url']) ?? '', entry: textOfExact(one) });
      }
      return;
    }
    if (type !== 'collection' && type !== 'searchset') return this.fail({ file, line: 0, what: `Bundle ${type}`, code: 'client.import_bundle_type', text: '' });
    const brought = entries.filter((one) => !(isExactObject(one['search']) && one['search']['mode'] === 'outcome'));
    if (brought.some((one) => stringIn(one['fullUrl'])?.startsWith('urn:'))) return this.sendLinked(file, brought);
    for (const [index, one] of brought.entries()) await this.takeResource(file, index + 1, one['resource'] ?? null);
  }

  /** Entries that name each other by `urn:` stay together, or their links would point nowhere. */
  private async sendLinked(file: string, entries: readonly ExactObject[]): Promise<void> {
    if (entries.length > kLimits.linked) return this.fail({ file, line: 0, what: 'Bundle', code: 'client.import_too_large', text: '' });
    const withRequests = entries.map((one): Exact => {
      const resource = isExactObject(one['resource']) ? one['resource'] : {};
      return { ...(one['fullUrl'] === undefined ? {} : { fullUrl: one['fullUrl'] }), resource, request: { method: 'POST', url: stringIn(resource['resourceType']) ?? '' } };
    });
    await this.sendWhole(file, entries.length, textOfExact({ resourceType: 'Bundle', type: 'transaction', entry: withRequests }));
  }

  private async sendWhole(file: string, entries: number, text: string): Promise<void> {
    await this.flush();
    try {
      this.count(await this.sendPatiently(text, { file, from: 1, to: entries }));
    } catch (error) {
      if (!(error instanceof ApiError) || endsAll(error) || isPassing(error)) throw error;
      const detail = error.details[0];
      this.fail({ file, line: 0, what: 'Bundle transaction', code: error.code, text: [detail?.field, detail?.text].filter(Boolean).join(': ') });
    }
  }

  private async put(item: Item): Promise<void> {
    // One transaction holds a resource once.
    const again = item.what.includes('/') && this.waiting.some((one) => one.what === item.what);
    if (again || this.waiting.length >= kLimits.entries || this.waitingBytes + item.entry.length > kLimits.bytes) await this.flush();
    this.waiting.push(item);
    this.waitingBytes += item.entry.length;
  }

  private async flush(): Promise<void> {
    const items = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    await this.store(items);
  }

  private async store(items: readonly Item[]): Promise<void> {
    const [first, last] = [items[0], items.at(-1)];
    if (!first || !last) return;
    this.abort.signal.throwIfAborted();
    try {
      this.count(await this.sendPatiently(transactionOf(items), { file: first.file, from: first.line, to: last.line }));
    } catch (error) {
      if (!(error instanceof ApiError) || endsAll(error) || isPassing(error)) throw error;
      const named = new Set(error.status === 400 || error.status === 422 ? error.details.flatMap((one) => /^Bundle\.entry\[(\d+)\]/.exec(one.field)?.[1] ?? []).map(Number) : []);
      const culprit = (at: number) => error.details.find((one) => one.field.startsWith(`Bundle.entry[${at}]`)) ?? error.details[0];
      if (items.length === 1) named.add(0);
      for (const at of named) {
        const item = items[at];
        const detail = culprit(at);
        if (item) this.fail({ file: item.file, line: item.line, what: item.what, code: error.code, text: [detail?.field.replace(/^Bundle\.entry\[\d+\]\.?(resource)?\.?/, ''), detail?.text].filter(Boolean).join(': ') });
      }
      const left = items.filter((_one, at) => !named.has(at));
      if (named.size > 0) return this.store(left);
      const half = Math.ceil(left.length / 2);
      await this.store(left.slice(0, half));
      await this.store(left.slice(half));
    }
    this.changed();
  }

  private async sendPatiently(bundle: string, lines: NonNullable<Progress['unsure']>): Promise<WrittenEntry[]> {
    const id = newId();
    for (let attempt = 1; ; attempt++) {
      this.abort.signal.throwIfAborted();
      try {
        // What is on its way is waited for, so that a cancelled import can say what is stored.
        return await this.send(bundle, id);
      } catch (error) {
        if (!(error instanceof ApiError) || !isPassing(error)) throw error;
        if (attempt === kTries) {
          this.progress.unsure = lines;
          throw error;
        }
        await this.wait(Math.max(error.retryAfterS * 1000, 500 * 2 ** attempt));
      }
    }
  }

  private count(answers: readonly WrittenEntry[]): void {
    for (const answer of answers) {
      const type = /(?:^|\/)([A-Z][A-Za-z]+)\/[^/]+\/_history\//.exec(answer.location ?? '')?.[1];
      if (answer.status.startsWith('204')) this.progress.deleted += 1;
      if (!type) continue;
      const into = answer.status.startsWith('201') ? this.progress.created : this.progress.updated;
      into[type] = (into[type] ?? 0) + 1;
    }
  }
}
