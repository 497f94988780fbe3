/**
 * Who is at the keyboard. When the session ends (revoked, idle, expired) the page goes blank at once: the
 * tree below is unmounted and the cache forgotten; the address and the drafts stay, so that signing in
 * again leads back to the same place.
 */
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { forgetAll } from '../api/cache';
import { closeLine, openLine } from '../api/events';
import { ApiError, whenSessionEnds } from '../api/http';
import { forgetProof, readSession, signOut, type Session } from '../api/session';
import { unsent } from '../api/unsent';

type State =
  | { phase: 'starting' }
  | { phase: 'unreachable'; error: ApiError }
  | { phase: 'none'; endedCode?: string; lastLogin?: string }
  | { phase: 'open'; session: Session };

interface SessionAccess {
  state: State;
  enter: (session: Session) => void;
  leave: () => Promise<void>;
  retry: () => void;
  /** Minutes left before an idle end; set only in the last two. */
  idleLeftS: number | undefined;
}

const Context = createContext<SessionAccess | undefined>(undefined);
const kCheckMs = 1000;
const kWarnS = 120;

export function SessionProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<State>({ phase: 'starting' });
  const [idleLeftS, setIdleLeft] = useState<number>();
  const lastInput = useRef(Date.now());
  const lastKeepAlive = useRef(Date.now());
  const now = useRef(state);
  now.current = state;

  const end = useCallback((code: string) => {
    const before = now.current;
    if (before.phase !== 'open') return;
    closeLine();
    unsent.close();
    forgetAll();
    forgetProof();
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
      void unsent.open(session.person.id);
    },
    [end],
  );

  const start = useCallback(() => {
    setState({ phase: 'starting' });
    readSession().then((session) => (session ? enter(session) : setState({ phase: 'none' })), (cause: unknown) => {
      const error = cause instanceof ApiError ? cause : new ApiError(0, 'client.unexpected', String(cause));
      setState(error.status === 401 ? { phase: 'none' } : { phase: 'unreachable', error });
    });
  }, [enter]);

  const leave = useCallback(async () => {
    await signOut();
    closeLine();
    unsent.close();
    forgetAll();
    forgetProof();
    setState({ phase: 'none' });
  }, []);

  useEffect(() => {
    whenSessionEnds(() => end('access.session_ended'));
    start();
  }, [end, start]);

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

  const value = useMemo(() => ({ state, enter, leave, retry: start, idleLeftS }), [state, enter, leave, start, idleLeftS]);
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
