/**
 * Server state of the application: one small cache keyed by resource ("case:12", "list:expert.offered").
 * The change feed invalidates keys; whoever shows one of them fetches it again by its usual URL. Without a line, or with a slow
 * one, what this person read before comes from the device, with its age.
 */
import { useCallback, useEffect, useRef, useSyncExternalStore } from 'react';
import { ApiError } from './http';
import { keptReads } from './kept_reads';

interface Entry {
  data: unknown;
  error: ApiError | undefined;
  at: number;
  kept: boolean;
  loading: boolean;
  stale: boolean;
  users: number;
  load: ((signal: AbortSignal) => Promise<unknown>) | undefined;
  abort: AbortController | undefined;
}

export interface Query<T> {
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  /** When the shown data came, in ms since 1970; 0 when there is none. */
  at: number;
  /** The shown data lay on this device; the server has not answered since. */
  kept: boolean;
  reload: () => void;
}

/** So long the server may take before what was kept is shown. */
const kSlowMs = 3000;

const entries = new Map<string, Entry>();
const listeners = new Set<() => void>();
let snapshots = new Map<string, Entry>();

function changed(key: string): void {
  const entry = entries.get(key);
  snapshots = new Map(snapshots);
  if (entry) snapshots.set(key, { ...entry });
  else snapshots.delete(key);
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function entryOf(key: string): Entry {
  let entry = entries.get(key);
  if (!entry) {
    entry = { data: undefined, error: undefined, at: 0, kept: false, loading: false, stale: true, users: 0, load: undefined, abort: undefined };
    entries.set(key, entry);
  }
  return entry;
}

function run(key: string): void {
  const entry = entryOf(key);
  if (!entry.load || entry.loading) return;
  const abort = new AbortController();
  entry.abort = abort;
  entry.loading = true;
  entry.stale = false;
  changed(key);
  if (entry.data === undefined) setTimeout(() => entry.loading && fromDevice(key, entry), kSlowMs);
  entry.load(abort.signal).then(
    (data) => finish(key, entry, abort, data, undefined),
    (cause: unknown) => {
      const error = cause instanceof ApiError ? cause : new ApiError(0, 'client.unexpected', String(cause));
      finish(key, entry, abort, entry.data, error);
    },
  );
}

/** What was read before, until the server answers. */
function fromDevice(key: string, entry: Entry): void {
  keptReads.read(key).then(
    (kept) => {
      if (!kept || entry.data !== undefined || entries.get(key) !== entry) return;
      Object.assign(entry, { data: kept.data, at: kept.at, kept: true });
      changed(key);
    },
    () => undefined,
  );
}

// A page asks before the device is open: what failed comes from there now, and what has come goes there.
keptReads.opened = () => {
  for (const [key, entry] of entries) {
    if (entry.data === undefined && entry.error?.isPassing) fromDevice(key, entry);
    else if (entry.data !== undefined && !entry.kept) void keptReads.write(key, entry.data).catch(() => undefined);
  }
};

function finish(key: string, entry: Entry, abort: AbortController, data: unknown, error: ApiError | undefined): void {
  if (abort.signal.aborted || entries.get(key) !== entry) return;
  entry.loading = false;
  entry.error = error;
  if (!error) {
    entry.data = data;
    entry.at = Date.now();
    entry.kept = false;
    void keptReads.write(key, data).catch(() => undefined);
  } else if (error.isPassing && entry.data === undefined) fromDevice(key, entry);
  changed(key);
  if (entry.stale && entry.users > 0) run(key);
}

/** Marks every key with one of these prefixes as old; what is on screen is fetched at once. */
export function invalidate(...prefixes: string[]): void {
  for (const [key, entry] of entries) {
    if (!prefixes.some((prefix) => key === prefix || key.startsWith(prefix))) continue;
    entry.stale = true;
    if (entry.users > 0) run(key);
    else entries.delete(key);
  }
}

/** Nothing that is on screen is on its way. */
export const isQuiet = (): boolean => [...entries.values()].every((entry) => !entry.loading || entry.users === 0);

/** Forgets everything: at the end of a session nothing of the last person may stay in memory. */
export function forgetAll(): void {
  for (const entry of entries.values()) entry.abort?.abort();
  entries.clear();
  snapshots = new Map();
  for (const listener of listeners) listener();
}

export function useQuery<T>(key: string | undefined, load: (signal: AbortSignal) => Promise<T>): Query<T> {
  const latest = useRef(load);
  latest.current = load;
  useEffect(() => {
    if (!key) return undefined;
    const entry = entryOf(key);
    entry.users += 1;
    entry.load = (signal) => latest.current(signal);
    if (entry.stale) run(key);
    return () => {
      entry.users -= 1;
      if (entry.users === 0) entry.stale = true;
    };
  }, [key]);
  const entry = useSyncExternalStore(subscribe, () => (key ? snapshots.get(key) : undefined));
  const reload = useCallback(() => {
    if (!key) return;
    entryOf(key).stale = true;
    run(key);
  }, [key]);
  return {
    data: entry?.data as T | undefined,
    error: entry?.error,
    loading: entry ? entry.loading || (entry.at === 0 && !entry.error) : key !== undefined,
    at: entry?.at ?? 0,
    kept: entry?.kept ?? false,
    reload,
  };
}
