/** Code lists and deadlines of the country pack. */
import { get } from './http';

export interface PackCode {
  code: string;
  zh?: string;
  en?: string;
  title?: string;
  display?: string;
}
export interface Deadlines {
  pack: string;
  working_day_minutes: number;
  clocks: { name: string; kind: 'wall' | 'working'; minutes: number }[];
}
export const readDeadlines = (machine: string, signal?: AbortSignal) => get<Deadlines>(`/flow/packs/deadlines?machine=${machine}`, signal ? { signal } : {});
export const readPack = (name: string, signal?: AbortSignal) => get<unknown>(`/flow/packs/${name}`, signal ? { signal } : {});
