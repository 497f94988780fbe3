/**
 * Two patients are never worked on in one tab. What a person has begun for one patient (a request, an opinion,
 * a message, photos not sent) is noted here, kept with the tab; a page of another patient asks first.
 */
import { createContext, useContext, useMemo, useSyncExternalStore, type ReactNode } from 'react';
import { useSession } from './session';

export interface TabWork {
  patient: string;
  name: string;
  /** Where it is gone on with. */
  path: string;
  /** What is begun; empty = nothing. */
  pieces: readonly string[];
}

const kPrefix = 'qiao.work.';
const listeners = new Set<() => void>();
let cached: { person: string; text: string | null; work: TabWork | undefined } | undefined;

function read(person: string): TabWork | undefined {
  let text: string | null = null;
  try {
    text = sessionStorage.getItem(kPrefix + person);
  } catch {
    // A forbidden store: the tab keeps nothing, and nothing is asked.
  }
  if (cached?.person !== person || cached.text !== text) cached = { person, text, work: text === null ? undefined : (JSON.parse(text) as TabWork) };
  return cached.work;
}

function write(person: string, work: TabWork | undefined): void {
  try {
    if (work) sessionStorage.setItem(kPrefix + person, JSON.stringify(work));
    else sessionStorage.removeItem(kPrefix + person);
  } catch {
    return;
  }
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function useWorkOfTab(): TabWork | undefined {
  const { person } = useSession();
  return useSyncExternalStore(subscribe, () => read(person.id));
}

/** The person leaves it: what was written stays in its draft, the tab is free for another patient. */
export const leaveWork = (person: string): void => write(person, undefined);

interface Here {
  patient: string;
  name: string;
}
const PatientHere = createContext<Here | undefined>(undefined);

/** What is rendered below belongs to this patient. */
export function WorkOf({ patient, name, children }: Here & { children: ReactNode }) {
  const here = useMemo(() => ({ patient, name }), [patient, name]);
  return <PatientHere value={here}>{children}</PatientHere>;
}

/** For whatever is written about the patient of this page; outside of such a page it does nothing. */
export function useTabWork(): { begin: (piece: string) => void; end: (piece: string) => void } {
  const here = useContext(PatientHere);
  const { person } = useSession();
  return useMemo(
    () => ({
      begin: (piece) => {
        const work = read(person.id);
        const path = location.pathname + location.search;
        if (!here || (work && work.patient !== here.patient) || (work?.path === path && work.pieces.includes(piece))) return;
        write(person.id, { ...here, path, pieces: [...new Set([...(work?.pieces ?? []), piece])] });
      },
      end: (piece) => {
        const work = read(person.id);
        if (!work?.pieces.includes(piece)) return;
        const pieces = work.pieces.filter((one) => one !== piece);
        write(person.id, pieces.length > 0 ? { ...work, pieces } : undefined);
      },
    }),
    [here, person.id],
  );
}
