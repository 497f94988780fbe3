import { useSyncExternalStore } from 'react';

const query = window.matchMedia('(max-width: 600px)');

function subscribe(listener: () => void): () => void {
  query.addEventListener('change', listener);
  return () => query.removeEventListener('change', listener);
}

/** True at phone width: where a table becomes cards, only one of the two is in the page. */
export const usePhone = (): boolean => useSyncExternalStore(subscribe, () => query.matches);
