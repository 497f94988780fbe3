/** Small signs that look the same on every page: urgency, clock, state, sex. Colour never stands alone: each has its word. */
import { useEffect, useState } from 'react';
import type { Clock, Urgency } from '../api/flow';
import { textOr, useText } from '../app/i18n';
import { formatDateTime, formatDuration } from './format';
import { Icon } from './icons';

export function UrgencyChip({ urgency }: { urgency: Urgency }) {
  const t = useText();
  const tone = urgency === 'emergency' ? 'q-chip-critical' : urgency === 'urgent' ? 'q-chip-warning' : '';
  return (
    <span className={`q-chip ${tone}`}>
      {urgency !== 'routine' && <Icon name="alert" size={13} />}
      {t(`app.urgency.${urgency}`)}
    </span>
  );
}

/** Re-renders twice a minute: enough for clocks that show minutes. */
export function useNow(everyMs = 30_000): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** The running clock that is due first; paused ones after all others. */
export function nearestClock(clocks: readonly Clock[]): Clock | undefined {
  return [...clocks]
    .filter((clock) => !clock.stopped)
    .sort((a, b) => Number(a.paused !== null) - Number(b.paused !== null) || (a.due ?? '9').localeCompare(b.due ?? '9'))[0];
}

export function ClockChip({ clock }: { clock: Clock | undefined }) {
  const t = useText();
  const now = useNow();
  if (!clock) return null;
  const name = textOr(`consult.clock.${clock.name}`, clock.name);
  if (clock.stopped) {
    return (
      <span className={`q-chip ${clock.verdict === 'late' ? 'q-chip-warning' : 'q-chip-ok'}`}>
        {name} · {clock.verdict === 'late' ? t('app.clock.was_late') : t('app.clock.was_on_time')}
      </span>
    );
  }
  if (clock.paused) {
    return (
      <span className="q-chip">
        <Icon name="pause" size={13} />
        {name} · {t('app.clock.paused', { reason: textOr(`app.pause.${clock.paused}`, clock.paused) })}
      </span>
    );
  }
  if (!clock.due) return <span className="q-chip">{name}</span>;
  const left = Date.parse(clock.due) - now;
  const tone = left < 0 || clock.share > 80 ? 'q-chip-critical' : clock.share >= 50 ? 'q-chip-warning' : 'q-chip-ok';
  return (
    <span className={`q-chip q-num ${tone}`} title={formatDateTime(clock.due)}>
      <Icon name="clock" size={13} />
      {name} · {left < 0 ? t('app.clock.over', { time: formatDuration(left) }) : t('app.clock.left', { time: formatDuration(left) })}
    </span>
  );
}

export function useSexText(): (sex: string | undefined) => string {
  const t = useText();
  return (sex) => (sex === 'male' || sex === 'female' || sex === 'other' || sex === 'unknown' ? t(`app.sex.${sex}`) : '');
}

export function stateText(machine: string, state: string): string {
  return textOr(`${machine}.state.${state}`, state);
}
