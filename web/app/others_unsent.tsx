/** On a shared device: that something of somebody else waits here, and nothing more about it. */
import { useEffect, useState } from 'react';
import { unsentOfOthers } from '../api/device';
import { useText } from './i18n';

export function useUnsentOfOthers(person?: string): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    let live = true;
    void unsentOfOthers(person).then((found) => live && setCount(found));
    return () => {
      live = false;
    };
  }, [person]);
  return count;
}

export function OthersUnsent({ person }: { person?: string }) {
  const t = useText();
  const count = useUnsentOfOthers(person);
  return count > 0 ? <p className="q-note q-note-warning">{person === undefined ? t('app.unsent.here', { count }) : t('app.unsent.others', { count })}</p> : null;
}
