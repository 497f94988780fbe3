/**
 * The tab's one line of live changes (`/events`, subprotocol qiao.events.1). A message says that something
 * changed; the cache fetches it by its usual URL. After a break the line comes back by itself; what was
 * missed is replayed by the server (`since`) or answered by `reset`, and then everything shown is fetched.
 */
import { useEffect, useSyncExternalStore } from 'react';
import { invalidate } from './cache';
import { get } from './http';

export interface Notice {
  id: string;
  code: string;
  case?: string;
  urgency?: string;
  params?: Record<string, string>;
  at: number;
}

export interface LineState {
  status: 'off' | 'connecting' | 'open' | 'down';
  /** Since when the line is down, in ms since 1970. */
  since: number;
}

type Message =
  | { type: 'list'; seq?: number; list: string; count: number }
  | { type: 'case'; seq?: number; id: string; version?: number }
  | ({ type: 'notice'; seq?: number } & Omit<Notice, 'at'>)
  | { type: 'ended'; seq?: number; code: string }
  | { type: 'reset'; seq?: number }
  | { type: string; seq?: number };

const kRetryMs = [1000, 2000, 4000, 8000, 10_000];
const kNoticesKept = 50;
const kSessionOver = 4401;

let socket: WebSocket | undefined;
let wanted = false;
let attempt = 0;
let retry: ReturnType<typeof setTimeout> | undefined;
let lastSeq: number | undefined;
let lists: string[] = [];
const cases = new Map<string, number>();
let state: LineState = { status: 'off', since: 0 };
let counts: Readonly<Record<string, number>> = {};
let notices: readonly Notice[] = [];
let onEnded: (code: string) => void = () => undefined;
const listeners = new Set<() => void>();

function tell(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function setState(status: LineState['status']): void {
  const since = status === 'down' ? (state.status === 'down' || state.since ? state.since || Date.now() : Date.now()) : status === 'open' ? 0 : state.since;
  state = { status, since };
  tell();
}

function sendWatch(): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'watch', lists, cases: [...cases.keys()] }));
}

function receive(message: Message): void {
  if (typeof message.seq === 'number') lastSeq = message.seq;
  if (message.type === 'list' && 'list' in message) {
    counts = { ...counts, [message.list]: message.count };
    invalidate(`list:${message.list}`);
    tell();
  } else if (message.type === 'case' && 'id' in message) {
    invalidate(`case:${message.id}`);
  } else if (message.type === 'notice' && 'code' in message) {
    const notice = message as { type: 'notice' } & Omit<Notice, 'at'>;
    if (notices.some((known) => known.id === notice.id)) return;
    notices = [{ ...notice, at: Date.now() }, ...notices].slice(0, kNoticesKept);
    if (notice.case) invalidate(`case:${notice.case}`);
    tell();
  } else if (message.type === 'ended') {
    onEnded('code' in message ? String(message.code) : 'access.session_ended');
  } else if (message.type === 'reset') {
    invalidate('');
  }
}

function connect(): void {
  if (!wanted || socket) return;
  setState(state.status === 'down' ? 'down' : 'connecting');
  const opened = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/events`, 'qiao.events.1');
  socket = opened;
  opened.onopen = () => {
    const returning = attempt > 0 || lastSeq !== undefined;
    attempt = 0;
    opened.send(JSON.stringify(lastSeq === undefined ? { type: 'hello' } : { type: 'hello', since: lastSeq }));
    sendWatch();
    setState('open');
    if (returning) invalidate('list:', 'case:');
  };
  opened.onmessage = (event) => {
    try {
      receive(JSON.parse(String(event.data)) as Message);
    } catch {
      opened.close(4000, 'not understood');
    }
  };
  let wasOpen = false;
  opened.addEventListener('open', () => {
    wasOpen = true;
  });
  opened.onclose = (event) => {
    if (socket !== opened) return;
    socket = undefined;
    if (!wanted) return;
    if (event.code === kSessionOver) {
      onEnded('access.session_ended');
      return;
    }
    setState('down');
    // A refused line may mean a session that is over: a request tells (its 401 ends the session here).
    if (!wasOpen) get('/access/session').catch(() => undefined);
    const base = kRetryMs[Math.min(attempt, kRetryMs.length - 1)] ?? 10_000;
    attempt += 1;
    retry = setTimeout(connect, base * (0.75 + Math.random() * 0.5));
  };
}

export function openLine(whenEnded: (code: string) => void): void {
  onEnded = whenEnded;
  wanted = true;
  connect();
}

export function closeLine(): void {
  wanted = false;
  clearTimeout(retry);
  const open = socket;
  socket = undefined;
  open?.close(1000);
  attempt = 0;
  lastSeq = undefined;
  counts = {};
  notices = [];
  lists = [];
  cases.clear();
  state = { status: 'off', since: 0 };
  tell();
}

export function watchLists(names: string[]): void {
  if (names.join('\n') === lists.join('\n')) return;
  lists = names;
  sendWatch();
}

export function setCounts(from: Record<string, number>): void {
  counts = { ...counts, ...from };
  tell();
}

export function dismissNotice(id: string): void {
  notices = notices.filter((notice) => notice.id !== id);
  tell();
}

/** Keeps a case on the line for as long as the component is on screen. */
export function useWatchCase(id: string | undefined): void {
  useEffect(() => {
    if (!id) return undefined;
    cases.set(id, (cases.get(id) ?? 0) + 1);
    sendWatch();
    return () => {
      const left = (cases.get(id) ?? 1) - 1;
      if (left > 0) cases.set(id, left);
      else cases.delete(id);
      sendWatch();
    };
  }, [id]);
}

export const useLineState = (): LineState => useSyncExternalStore(subscribe, () => state);
export const useCounts = (): Readonly<Record<string, number>> => useSyncExternalStore(subscribe, () => counts);
export const useNotices = (): readonly Notice[] => useSyncExternalStore(subscribe, () => notices);
