/** How the machine, the background work and the country pack stand, as `/operations/state` tells it. */
import { get } from './http';

export interface CentreState {
  now: string;
  version: string;
  storage: { writable: boolean; usedPercent: number; freeBytes: number; encryption: 'encrypted' | 'none_seen' | 'unknown'; recordBytes: number; imagingBytes: number; packsBytes: number };
  /** `checked`: when the daily check ended last. */
  audit: { rows: number; checked?: string; defects?: number };
  /** Of other authorities, that keep somebody from signing or soon will. `at`: when it ends, ended or was revoked. */
  certificates: { kind: 'person' | 'seal'; holder: { resource?: string; name: string; nameEn?: string }; state: 'soon' | 'expired' | 'revoked'; at: string }[];
  jobs: { name: string; everyMs: number; tookMs: number; failed: boolean; ended?: string }[];
  timers: { name: string; waiting: number; overdue: number; failing: number; next: string }[];
  pack: { name: string; deadlines: { machine: string; clock: string; kind: 'wall' | 'working'; minutes: number; validFrom: string; source: string; holds: boolean }[] };
}

export const readCentreState = (signal?: AbortSignal) => get<CentreState>('/operations/state', signal ? { signal } : {});
