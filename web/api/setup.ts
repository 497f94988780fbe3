/** How far a new centre is, as `/operations/setup` computes it from what is there. */
import { get } from './http';

export interface SetupStep {
  step: string;
  /** False: advice, which does not hold up the end. */
  needed: boolean;
  done: boolean;
  /** Role that does it. */
  by: string;
  /** Codes of what is missing: roles, `institution`, `key`, `backup`. */
  missing: string[];
  /** Whom it is about. */
  people: string[];
  /** Who has the role. */
  doers: string[];
}

export interface Setup {
  finished: boolean;
  steps: SetupStep[];
}

export const readSetup = (signal?: AbortSignal) => get<Setup>('/operations/setup', signal ? { signal } : {});
