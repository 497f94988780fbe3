/**
 * A text that grows over minutes: kept on the device at every stroke, on the server every five seconds. Two tabs
 * that write the same draft are shown to the person, who chooses; nothing is dropped silently.
 */
import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError } from '../../api/http';
import { readDraft, saveDraft, type DraftState } from '../../api/flow';
import { editing } from '../../api/outbox';
import { sameJson } from '../../api/same_json';
import { useTabWork } from '../../app/tab_work';
import { startOf, type Kept, type Start } from './draft_start';
import { readKept, writeKept } from './kept';

const kSaveMs = 5000;

export interface Draft<T> {
  value: T;
  /** `isWork` false: the page notes something by itself; nothing is begun by the person. */
  set: (value: T, isWork?: boolean) => void;
  version: number;
  savedAt: string | undefined;
  state: 'saved' | 'unsaved' | 'saving' | 'failed' | 'conflict';
  error: ApiError | undefined;
  /** The other tab's text, when both wrote. */
  other: DraftState | undefined;
  /** This text as it goes to the server, to lay beside the other. */
  wire: () => unknown;
  resolve: (take: 'mine' | 'theirs') => void;
  /** Saves what is not saved yet; the version that the server holds then, or nothing when it could not. */
  flush: () => Promise<number | undefined>;
  /** After the move that took it: nothing is left in the tab. */
  drop: () => void;
}

export function useDraft<T>(caseId: string, name: string, server: DraftState | undefined, initial: T, toWire: (value: T) => unknown, fromWire: (body: unknown) => T): Draft<T> {
  const work = useTabWork();
  const piece = `draft:${caseId}:${name}`;
  const key = `draft.${caseId}.${name}`;
  const start = useRef<Start<T> | undefined>(undefined);
  start.current ??= startOf(readKept<Kept<T>>(key), server, initial, toWire, fromWire);
  const [value, setValue] = useState(start.current.value);
  const [version, setVersion] = useState(start.current.base);
  const [savedAt, setSavedAt] = useState(server?.saved);
  const [state, setState] = useState<Draft<T>['state']>(start.current.other ? 'conflict' : start.current.dirty ? 'unsaved' : 'saved');
  const [error, setError] = useState<ApiError>();
  const [other, setOther] = useState(start.current.other);
  const now = useRef({ value, version, dirty: start.current.dirty, saving: undefined as Promise<number | undefined> | undefined, gone: false, conflict: start.current.other !== undefined, sent: start.current.sent });

  const keep = useCallback(() => {
    const { value: latest, version: base, dirty, gone, sent } = now.current;
    writeKept(key, gone || !dirty ? undefined : ({ value: latest, base, dirty, sent, wire: toWire(latest) } satisfies Kept<T>));
  }, [key, toWire]);

  const set = useCallback(
    (next: T, isWork = true) => {
      now.current.value = next;
      now.current.dirty = true;
      setValue(next);
      if (!now.current.conflict) setState('unsaved');
      keep();
      if (isWork) work.begin(piece);
    },
    [keep, piece, work],
  );

  const save = useCallback(async (): Promise<number | undefined> => {
    if (now.current.saving) await now.current.saving;
    if (now.current.gone || now.current.conflict) return undefined;
    if (!now.current.dirty) return now.current.version;
    const sent = now.current.value;
    const body = toWire(sent);
    setState('saving');
    now.current.sent = body;
    keep();
    const saved = (held: { version: number; saved: string }): number => {
      now.current.version = held.version;
      now.current.sent = undefined;
      if (now.current.value === sent) now.current.dirty = false;
      keep();
      setVersion(held.version);
      setSavedAt(held.saved);
      setError(undefined);
      setState(now.current.dirty ? 'unsaved' : 'saved');
      return held.version;
    };
    const run = (async () => {
      try {
        return saved(await saveDraft(caseId, name, now.current.version, body));
      } catch (cause) {
        const refused = cause instanceof ApiError ? cause : new ApiError(0, 'client.unexpected', String(cause));
        if (refused.code === 'flow.draft_stale') {
          const theirs = await readDraft(caseId, name).catch(() => undefined);
          // It is this text: an earlier try arrived and its answer was lost.
          if (theirs && sameJson(theirs.body, body)) return saved(theirs);
          now.current.conflict = theirs !== undefined;
          setOther(theirs);
          setState(theirs ? 'conflict' : 'failed');
        } else setState('failed');
        setError(refused);
        return undefined;
      } finally {
        now.current.saving = undefined;
      }
    })();
    now.current.saving = run;
    return run;
  }, [caseId, keep, name, toWire]);

  useEffect(() => editing(key), [key]);
  // Nothing is written here and the server has a newer text: sent by the outbox in this very moment, or written elsewhere.
  useEffect(() => {
    const { dirty, saving, gone, conflict, version: base } = now.current;
    if (!server || server.version <= base || dirty || saving || gone || conflict) return;
    Object.assign(now.current, { value: fromWire(server.body), version: server.version });
    setValue(now.current.value);
    setVersion(server.version);
    setSavedAt(server.saved);
  }, [fromWire, server]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (now.current.dirty && !now.current.saving) void save();
    }, kSaveMs);
    const onHide = () => {
      if (document.visibilityState === 'hidden' && now.current.dirty) void save();
    };
    document.addEventListener('visibilitychange', onHide);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', onHide);
      if (now.current.dirty && !now.current.gone) void save();
    };
  }, [save]);

  const resolve = useCallback(
    (take: 'mine' | 'theirs') => {
      if (!other) return;
      now.current.conflict = false;
      now.current.version = other.version;
      setVersion(other.version);
      setOther(undefined);
      setError(undefined);
      if (take === 'theirs') {
        const theirs = fromWire(other.body);
        now.current.value = theirs;
        now.current.dirty = false;
        setValue(theirs);
        setState('saved');
      } else {
        now.current.dirty = true;
        setState('unsaved');
      }
      keep();
    },
    [fromWire, keep, other],
  );

  const drop = useCallback(() => {
    now.current.gone = true;
    now.current.dirty = false;
    writeKept(key, undefined);
    work.end(piece);
  }, [key, piece, work]);

  return { value, set, version, savedAt, state, error, other, wire: () => toWire(now.current.value), resolve, flush: save, drop };
}
