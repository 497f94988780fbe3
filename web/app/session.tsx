/**
 * Who is at the keyboard. When the session ends (revoked, idle, expired) the page goes blank at once: the
 * tree below is unmounted and the cache forgotten; the address and the drafts stay, so that signing in
 * again leads back to the same place. Without a line the offline PIN opens what lies on this device; such a session sends
 * nothing until the server has said that the person is still signed in.
 */
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { stopActing } from '../api/acting_client';
import { forgetAll } from '../api/cache';
import { askSealKey, closeDevice, openDevice, openWithoutDevice } from '../api/device';
import { closeLine, openLine } from '../api/events';
import { ApiError, whenSessionEnds } from '../api/http';
import { keptReads } from '../api/kept_reads';
import type { Unlocked } from '../api/offline_pin';
import { endSessionThere } from '../api/oidc';
import { outbox } from '../api/outbox';
import { finishSigningOut, forgetProof, noteSignedOut, readSession, signOut, type Session } from '../api/session';
import { unsent } from '../api/unsent';

type State =
  | { phase: 'starting' }
  | { phase: 'unreachable'; error: ApiError }
  | { phase: 'none'; endedCode?: string; lastLogin?: string }
  /** `offline`: opened by the PIN, not yet confirmed by the server. */
  | { phase: 'open'; session: Session; offline?: true };

interface SessionAccess {
  state: State;
  enter: (session: Session) => void;
  enterOffline: (unlocked: Unlocked) => void;
  leave: () => Promise<void>;
  retry: () => void;
  /** Minutes left before an idle end; set only in the last two. */
  idleLeftS: number | undefined;
}

const Context = createContext<SessionAccess | undefined>(undefined);
const kCheckMs = 1000;
const kWarnS = 120;
const kConfirmMs = 10_000;
const kSweepMs = 3_600_000;
/** An unlocked device locks itself like a session, by lack of use; and after this in any case. */
const kOfflineMs = 12 * 3_600_000;

const ask = () => finishSigningOut().then(readSession);
/** Asked while the texts load; the first to want it takes it. */
let asked: ReturnType<typeof ask> | undefined = ask();
asked.catch(() => undefined);

/** What this person has on this device comes into memory, then what waits is sent. */
async function openWhatLiesHere(person: string, key: () => Promise<string>, maySend: boolean): Promise<void> {
  try {
    await openDevice(person, await key());
  } catch {
    openWithoutDevice(person);
  }
  if (maySend) outbox.open();
  await unsent.open(person, maySend);
}

function closeAll(): void {
  closeLine();
  outbox.close();
  unsent.close();
  closeDevice();
  forgetAll();
  forgetProof();
  stopActing();
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<State>({ phase: 'starting' });
  const [idleLeftS, setIdleLeft] = useState<number>();
  const lastInput = useRef(Date.now());
  const lastKeepAlive = useRef(Date.now());
  const now = useRef(state);
  now.current = state;
  const leaving = useRef(false);

  const end = useCallback((code: string) => {
    const before = now.current;
    if (before.phase !== 'open' || leaving.current) return;
    closeAll();
    setIdleLeft(undefined);
    setState({ phase: 'none', endedCode: code, lastLogin: before.session.person.login });
  }, []);

  const enter = useCallback(
    (session: Session) => {
      lastInput.current = Date.now();
      lastKeepAlive.current = Date.now();
      setState({ phase: 'open', session });
      // Nothing is pushed to or sent for somebody who has to add a second factor first.
      if (session.must) return;
      openLine(end);
      void openWhatLiesHere(session.person.id, askSealKey, true);
    },
    [end],
  );

  const enterOffline = useCallback(
    ({ session, key }: Unlocked) => {
      lastInput.current = Date.now();
      const until = new Date(Date.now() + kOfflineMs).toISOString();
      setState({ phase: 'open', session: { ...session, expiresAt: until }, offline: true });
      openLine(end);
      void openWhatLiesHere(session.person.id, async () => key, false);
    },
    [end],
  );

  const start = useCallback(() => {
    setState({ phase: 'starting' });
    const answer = asked ?? ask();
    asked = undefined;
    answer.then((session) => (session ? enter(session) : setState({ phase: 'none' })), (cause: unknown) => {
      const error = cause instanceof ApiError ? cause : new ApiError(0, 'client.unexpected', String(cause));
      setState(error.status === 401 ? { phase: 'none' } : { phase: 'unreachable', error });
    });
  }, [enter]);

  const leave = useCallback(async () => {
    const before = now.current;
    // What else is on its way is answered with 401 from now on: that is no ended session but this sign-out.
    leaving.current = true;
    try {
      await signOut().catch((cause: unknown) => {
        if (!(cause instanceof ApiError) || !cause.isPassing) throw cause;
        noteSignedOut();
      });
      closeAll();
      // What was read goes; what is not sent stays, sealed, for the same person's next session.
      if (before.phase === 'open') await keptReads.wipe(before.session.person.id).catch(() => undefined);
      setState({ phase: 'none' });
      await endSessionThere().catch(() => undefined);
    } finally {
      leaving.current = false;
    }
  }, []);

  useEffect(() => {
    whenSessionEnds(() => end('access.session_ended'));
    start();
    const sweep = () => void keptReads.sweep().catch(() => undefined);
    sweep();
    const timer = setInterval(sweep, kSweepMs);
    return () => clearInterval(timer);
  }, [end, start]);

  const offline = state.phase === 'open' && state.offline === true;
  useEffect(() => {
    if (!offline) return undefined;
    const confirm = () => {
      ask().then(
        (session) => {
          const before = now.current;
          if (before.phase !== 'open' || !before.offline) return;
          if (session && session.person.id === before.session.person.id) enter(session);
          else end('access.session_ended');
        },
        (cause: unknown) => {
          if (cause instanceof ApiError && cause.status === 401) end('access.session_ended');
        },
      );
    };
    const timer = setInterval(confirm, kConfirmMs);
    window.addEventListener('online', confirm);
    return () => {
      clearInterval(timer);
      window.removeEventListener('online', confirm);
    };
  }, [offline, enter, end]);

  // Opened while nothing can be reached: the page comes by itself when the server is there again.
  const unreachable = state.phase === 'unreachable';
  useEffect(() => {
    if (!unreachable) return undefined;
    window.addEventListener('online', start);
    return () => window.removeEventListener('online', start);
  }, [unreachable, start]);

  useEffect(() => {
    if (state.phase !== 'open') return undefined;
    const { session } = state;
    const idleMs = session.idleMinutes * 60_000;
    const touch = () => {
      lastInput.current = Date.now();
    };
    const events = ['keydown', 'pointerdown', 'wheel', 'touchstart'] as const;
    for (const name of events) window.addEventListener(name, touch, { passive: true });
    const timer = setInterval(() => {
      const leftS = Math.round((lastInput.current + idleMs - Date.now()) / 1000);
      if (Date.now() >= Date.parse(session.expiresAt)) end('access.session_expired');
      else if (idleMs > 0 && leftS <= 0) {
        void signOut().catch(() => undefined);
        end('access.session_idle');
      } else {
        setIdleLeft(idleMs > 0 && leftS <= kWarnS ? leftS : undefined);
        // Reading without a request is use too: the server hears of it twice an idle period.
        if (lastInput.current > lastKeepAlive.current && Date.now() - lastKeepAlive.current > Math.max(30_000, idleMs / 3)) {
          lastKeepAlive.current = Date.now();
          readSession().catch((cause: unknown) => {
            if (cause instanceof ApiError && cause.status === 401) end('access.session_ended');
          });
        }
      }
    }, kCheckMs);
    return () => {
      clearInterval(timer);
      for (const name of events) window.removeEventListener(name, touch);
    };
  }, [state, end]);

  const value = useMemo(() => ({ state, enter, enterOffline, leave, retry: start, idleLeftS }), [state, enter, enterOffline, leave, start, idleLeftS]);
  return <Context value={value}>{children}</Context>;
}

export function useSessionAccess(): SessionAccess {
  const access = useContext(Context);
  if (!access) throw new Error('no session provider');
  return access;
}

/** The open session; only for what is rendered below the shell, which exists only while there is one. */
export function useSession(): Session {
  const { state } = useSessionAccess();
  if (state.phase !== 'open') throw new Error('no open session');
  return state.session;
}
