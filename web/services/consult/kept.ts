/** A text that a person is writing, kept on this device under their name (`api/kept_texts.ts`). */
import { useCallback, useSyncExternalStore } from 'react';
import { keptTexts } from '../../api/kept_texts';

export const readKept = <T>(name: string): T | undefined => keptTexts.get(name) as T | undefined;
export const writeKept = (name: string, value: unknown): void => keptTexts.set(name, value);

export function useKept<T>(name: string, initial: T): [T, (value: T) => void, () => void] {
  const kept = useSyncExternalStore(keptTexts.subscribe, () => keptTexts.get(name) as T | undefined);
  const set = useCallback((next: T) => keptTexts.set(name, next), [name]);
  const drop = useCallback(() => keptTexts.set(name, undefined), [name]);
  return [kept ?? initial, set, drop];
}
