/**
 * Two patients are never worked on in one tab. What a person has begun for one patient (a request, an opinion,
 * a message, photos not sent) is noted here, kept with the tab; a page of another patient asks first.
 */
import { createContext, useContext, useMemo, useSyncExternalStore, type ReactNode } from 'react';
import { keptTexts } from '../api/kept_texts';

export interface TabWork {
  patient: string;
  name: string;
  /** Where it is gone on with. */
  path: string;
  /** What is begun; empty = nothing. */
  pieces: readonly string[];
}

const kName = 'work';
const read = (): TabWork | undefined => keptTexts.get(kName) as TabWork | undefined;
const write = (work: TabWork | undefined): void => keptTexts.set(kName, work);

export function useWorkOfTab(): TabWork | undefined {
  return useSyncExternalStore(keptTexts.subscribe, read);
}

/** The person leaves it: what was written stays in its draft, the tab is free for another patient. */
export const leaveWork = (): void => write(undefined);

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
  return useMemo(
    () => ({
      begin: (piece) => {
        const work = read();
        const path = location.pathname + location.search;
        if (!here || (work && work.patient !== here.patient) || (work?.path === path && work.pieces.includes(piece))) return;
        write({ ...here, path, pieces: [...new Set([...(work?.pieces ?? []), piece])] });
      },
      end: (piece) => {
        const work = read();
        if (!work?.pieces.includes(piece)) return;
        const pieces = work.pieces.filter((one) => one !== piece);
        write(pieces.length > 0 ? { ...work, pieces } : undefined);
      },
    }),
    [here],
  );
}
