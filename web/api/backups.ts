/** The centre's backups as `/operations/backups` tells them to system administrators. */
import { get, post } from './http';

export interface Backup {
  id: string;
  taken: string;
  durationMs: number;
  /** Recovery key that it is sealed to; empty when it is not sealed. */
  key: string;
  files: number;
  bytes: number;
  writtenBytes: number;
  damagedFiles: number;
}

export interface Backups {
  /** Empty: no nightly backup is set up. */
  folder: string;
  at: string;
  zone: string;
  keep: number;
  dataFolder: string;
  configFile: string;
  key: string | null;
  running: boolean;
  now: string;
  next: string | null;
  last: Backup | null;
  lastFolder: string;
  failed: string | null;
  error: string;
  verified?: { backup: string; at: string; taken: string; restoreSeconds: number };
  backups: Backup[];
}

export const readBackups = (signal?: AbortSignal) => get<Backups>('/operations/backups', signal ? { signal } : {});
export const startBackup = () => post<Backups>('/operations/backups', {});
