/**
 * What an editor begins with: the text kept in this tab, the server's, or both when they differ. A save whose
 * answer was lost (the page was left, the line broke) is no other window: the server then holds what was sent.
 */
import type { DraftState } from '../../api/flow';

export interface Kept<T> {
  value: T;
  /** The server's version that it grew from. */
  base: number;
  dirty: boolean;
  /** The body of the last save that began and had no answer yet. */
  sent?: unknown;
}

export interface Start<T> extends Kept<T> {
  /** Another window's text, for the person to choose. */
  other: DraftState | undefined;
}

/** Equal as JSON, whatever the order of members; a member that is undefined is none. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((name) => sameJson(left[name], right[name]));
}

export function startOf<T>(kept: Kept<T> | undefined, server: DraftState | undefined, initial: T, toWire: (value: T) => unknown, fromWire: (body: unknown) => T): Start<T> {
  const base = server?.version ?? 0;
  if (!kept?.dirty) return { value: server ? fromWire(server.body) : initial, base, dirty: false, other: undefined };
  if (kept.base === base) return { ...kept, other: undefined };
  if (server && sameJson(server.body, toWire(kept.value))) return { value: kept.value, base, dirty: false, other: undefined };
  if (server && kept.sent !== undefined && sameJson(server.body, kept.sent)) return { value: kept.value, base, dirty: true, other: undefined };
  return { ...kept, other: server };
}
