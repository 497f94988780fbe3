import { useSyncExternalStore } from 'react';

function useWidth(query: MediaQueryList): boolean {
  return useSyncExternalStore(
    (listener) => (query.addEventListener('change', listener), () => query.removeEventListener('change', listener)),
    () => query.matches,
  );
}

const phone = window.matchMedia('(max-width: 600px)');
const narrow = window.matchMedia('(max-width: 1000px)');

/** True at phone width: where a table becomes cards, only one of the two is in the page. */
export const usePhone = (): boolean => useWidth(phone);
/** True also at the width of a tablet, where beside the navigation a table of seven columns has no room. */
export const useNarrow = (): boolean => useWidth(narrow);
