import { useEffect } from 'react';
import { invalidate, useQuery, type Query } from '../../api/cache';
import { useWatchCase } from '../../api/events';
import { readCase, type CaseView } from '../../api/flow';
import { sayCaseSeen } from '../../api/notify';

/** One case, kept fresh by the change feed for as long as it is on screen. */
export function useCase(id: string): Query<CaseView> {
  useWatchCase(id);
  const query = useQuery(`case:${id}`, (signal) => readCase(id, signal));
  useSeen(id, query.data?.version);
  return query;
}

/** Tells the server that somebody sits before this version of the case: a tab in the background says nothing. */
function useSeen(id: string, version: number | undefined): void {
  useEffect(() => {
    if (version === undefined) return undefined;
    let said = false;
    const say = () => {
      if (said || document.visibilityState !== 'visible' || !document.hasFocus()) return;
      said = true;
      // Nothing depends on it but a telephone that rings once more.
      sayCaseSeen(id).catch(() => (said = false));
    };
    say();
    window.addEventListener('focus', say);
    document.addEventListener('visibilitychange', say);
    return () => {
      window.removeEventListener('focus', say);
      document.removeEventListener('visibilitychange', say);
    };
  }, [id, version]);
}

/** After an act of this tab: the case, the lists and their counts are fetched without waiting for the feed. */
export function refreshCase(id: string): void {
  invalidate(`case:${id}`, 'list:', 'worklists');
}
