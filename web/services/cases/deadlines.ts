/** Deadlines in words, from the pack that the engine measures by: no number of them stands in a text. */
import { useQuery } from '../../api/cache';
import { readDeadlines, type Deadlines } from '../../api/packs';
import { text, useLanguage } from '../../app/i18n';

/** "4 working hours", "48 h", "3 working days", "10 min"; undefined where the pack sets no limit. */
export function deadlineText(deadlines: Deadlines, clock: string): string | undefined {
  const rule = deadlines.clocks.find((one) => one.name === clock);
  if (!rule) return undefined;
  const { minutes, kind } = rule;
  if (kind === 'working' && minutes % deadlines.working_day_minutes === 0) return text('app.span.working_days', { count: minutes / deadlines.working_day_minutes });
  if (minutes % 60 !== 0) return text(`app.span.${kind}_minutes`, { count: minutes });
  return text(`app.span.${kind}_hours`, { count: minutes / 60 });
}

/** A text that names deadlines of a machine; nothing as long as, or where, the pack does not tell them all. */
export function useDeadlineText(machine: string): (key: string, clocks: Readonly<Record<string, string>>) => string | undefined {
  useLanguage();
  const deadlines = useQuery(`pack:deadlines:${machine}`, (signal) => readDeadlines(machine, signal)).data;
  return (key, clocks) => {
    if (!deadlines) return undefined;
    const params = Object.entries(clocks).map(([name, clock]) => [name, deadlineText(deadlines, clock)] as const);
    return params.every(([, value]) => value !== undefined) ? text(key, Object.fromEntries(params)) : undefined;
  };
}
