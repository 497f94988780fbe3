/**
 * What an editor begins with: the text kept on this device, the server's, or both when they differ. A save whose
 * answer was lost (the page was left, the line broke) is no other window: the server then holds what was sent.
 */
import type { DraftState } from '../../api/flow';
import { sameJson } from '../../api/same_json';

export interface Kept<T> {
  value: T;
  /** The server's version that it grew from. */
  base: number;
  dirty: boolean;
  /** The body of the last save that began and had no answer yet. */
  sent?: unknown;
  /** As it goes to the server: what is sent when no page is open that does it. */
  wire?: unknown;
}

export interface Start<T> extends Kept<T> {
  /** Another window's text, for the person to choose. */
  other: DraftState | undefined;
}

export function startOf<T>(kept: Kept<T> | undefined, server: DraftState | undefined, initial: T, toWire: (value: T) => unknown, fromWire: (body: unknown) => T): Start<T> {
  const base = server?.version ?? 0;
  if (!kept?.dirty) return { value: server ? fromWire(server.body) : initial, base, dirty: false, other: undefined };
  if (kept.base === base) return { ...kept, other: undefined };
  if (server && sameJson(server.body, toWire(kept.value))) return { value: kept.value, base, dirty: false, other: undefined };
  if (server && kept.sent !== undefined && sameJson(server.body, kept.sent)) return { value: kept.value, base, dirty: true, other: undefined };
  return { ...kept, other: server };
}
