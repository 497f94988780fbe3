/** What differs between two versions of a resource, element by element. */
import { isExactObject, sameExact, stringIn, type Exact, type ExactObject } from '../../api/exact_json';
import { pathText } from './elements';

export interface Difference {
  path: string;
  kind: 'added' | 'removed' | 'changed';
  before?: Exact;
  after?: Exact;
}

/** What each write changes by itself. */
const kOwn = new Set(['meta.versionId', 'meta.lastUpdated']);

/** Items of a list that belong together: the same content, then the same id, then the same place. */
function pairsOf(before: Exact[], after: Exact[]): [number | undefined, number | undefined][] {
  const left = new Set(before.keys());
  const partner = new Map<number, number>();
  const take = (fits: (old: Exact, now: Exact, oldAt: number, nowAt: number) => boolean) => {
    for (const [nowAt, now] of after.entries()) {
      if (partner.has(nowAt)) continue;
      const oldAt = [...left].find((one) => fits(before[one]!, now, one, nowAt));
      if (oldAt === undefined) continue;
      partner.set(nowAt, oldAt);
      left.delete(oldAt);
    }
  };
  const idOf = (one: Exact) => (isExactObject(one) ? stringIn(one['id'] ?? one['linkId'] ?? one['url']) : undefined);
  take((old, now, oldAt, nowAt) => oldAt === nowAt && sameExact(old, now));
  take((old, now) => sameExact(old, now));
  take((old, now) => idOf(now) !== undefined && idOf(old) === idOf(now));
  take((old, now, oldAt, nowAt) => oldAt === nowAt && isExactObject(old) && isExactObject(now) && (idOf(now) === undefined || idOf(old) === undefined));
  const pairs: [number | undefined, number | undefined][] = [...after.keys()].map((nowAt) => [partner.get(nowAt), nowAt]);
  return [...pairs, ...[...left].map((oldAt): [number, undefined] => [oldAt, undefined])];
}

function compare(before: Exact | undefined, after: Exact | undefined, path: (string | number)[], found: Difference[]): void {
  if (kOwn.has(pathText(path)) || sameExact(before, after)) return;
  if (before === undefined || after === undefined) {
    found.push({ path: pathText(path), kind: before === undefined ? 'added' : 'removed', ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) });
  } else if (isExactObject(before) && isExactObject(after)) {
    for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) compare(before[name], after[name], [...path, name], found);
  } else if (Array.isArray(before) && Array.isArray(after)) {
    for (const [oldAt, nowAt] of pairsOf(before, after)) compare(oldAt === undefined ? undefined : before[oldAt], nowAt === undefined ? undefined : after[nowAt], [...path, (nowAt ?? oldAt)!], found);
  } else {
    found.push({ path: pathText(path), kind: 'changed', before, after });
  }
}

export function differences(before: ExactObject, after: ExactObject): Difference[] {
  const found: Difference[] = [];
  compare(before, after, [], found);
  return found;
}
