/**
 * What a person is writing, kept in this tab at once, under that person's name: it outlives a reload, an ended
 * session and a walk to another page, and nobody else who signs in sees it. The tab's end ends it; what is
 * to last longer is a draft on the server.
 */
import { useCallback, useEffect, useState } from 'react';
import { useSession } from '../../app/session';

const kPrefix = 'qiao.kept.';

export function readKept<T>(person: string, name: string): T | undefined {
  try {
    const text = sessionStorage.getItem(`${kPrefix}${person}.${name}`);
    return text === null ? undefined : (JSON.parse(text) as T);
  } catch {
    return undefined;
  }
}

export function writeKept(person: string, name: string, value: unknown): void {
  try {
    if (value === undefined) sessionStorage.removeItem(`${kPrefix}${person}.${name}`);
    else sessionStorage.setItem(`${kPrefix}${person}.${name}`, JSON.stringify(value));
  } catch {
    // A full or forbidden store: the page itself still holds the text, and the server's draft follows.
  }
}

export function useKept<T>(name: string, initial: T): [T, (value: T) => void, () => void] {
  const { person } = useSession();
  const [value, setValue] = useState<T>(() => readKept<T>(person.id, name) ?? initial);
  useEffect(() => {
    setValue(readKept<T>(person.id, name) ?? initial);
    // The initial value is a constant of the caller.
  }, [person.id, name]);
  const set = useCallback(
    (next: T) => {
      setValue(next);
      writeKept(person.id, name, next);
    },
    [person.id, name],
  );
  const drop = useCallback(() => {
    setValue(initial);
    writeKept(person.id, name, undefined);
  }, [person.id, name]);
  return [value, set, drop];
}
