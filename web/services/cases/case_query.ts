import { invalidate, useQuery, type Query } from '../../api/cache';
import { useWatchCase } from '../../api/events';
import { readCase, type CaseView } from '../../api/flow';

/** One case, kept fresh by the change feed for as long as it is on screen. */
export function useCase(id: string): Query<CaseView> {
  useWatchCase(id);
  return useQuery(`case:${id}`, (signal) => readCase(id, signal));
}

/** After an act of this tab: the case, the lists and their counts are fetched without waiting for the feed. */
export function refreshCase(id: string): void {
  invalidate(`case:${id}`, 'list:', 'worklists');
}
