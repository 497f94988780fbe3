/** How quickly the institution answers and what became of its advice; every figure opens to its definition and its cases. */
import { Button } from '@mantine/core';
import { useMemo, useState } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { readBoard, readFigures, type FigureLine, type Spread, type Turnaround } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { formatDateTime, formatDuration, formatNumber, nameIn } from '../../ui/format';
import { saveCsv } from '../../ui/csv';
import { MonthPicker, monthOf, useMonth } from '../../ui/month';

const kMinuteMs = 60_000;
const minutes = (value: number | null | undefined) => (value === null || value === undefined ? '–' : formatDuration(value * kMinuteMs));

export default function FiguresPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.figures'));
  const [month, setMonth] = useMonth();
  const organisation = session.memberships.find((one) => ['coordinator', 'duty_lead', 'centre_manager'].includes(one.role))?.organisation?.resource ?? '';
  const span = useMemo(() => monthOf(month), [month]);
  const query = useQuery(organisation ? `figures:${organisation}:${month}` : undefined, (signal) => readFigures(organisation, span.from, span.until, signal));
  if (organisation === '') return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{t('app.nav.figures')}</h1>
        <MonthPicker value={month} onChange={setMonth} />
      </div>
      <Morning />
      <Answered query={query}>
        {(all) => (
          <>
            <div className="q-grid-2">
              <TurnaroundCard title={t('consult.figures.ordinary')} value={all.ordinary} />
              <TurnaroundCard title={t('consult.figures.emergency')} value={all.emergency} />
            </div>
            <details className="q-card">
              <summary>{t('consult.figures.definition')}</summary>
              <p>{t('consult.figures.definition_text')}</p>
              <p className="q-small q-dim">{all.definition}</p>
            </details>
            {!all.complete && <p className="q-note q-note-warning">{t('consult.figures.incomplete')}</p>}
            <Lines lines={all.lines} month={month} />
          </>
        )}
      </Answered>
    </div>
  );
}

/** The first look of the day: what is late now. */
function Morning() {
  const t = useText();
  const query = useQuery('list:board:morning', readBoard);
  return (
    <Answered query={query}>
      {({ rows }) => {
        const late = rows.filter((row) => !row.paused && row.due !== null && Date.parse(row.due) < Date.now()).length;
        const soon = rows.filter((row) => !row.paused && row.share >= 80).length - late;
        const paused = rows.filter((row) => row.paused).length;
        return (
          <p className="q-row">
            <Link to="/app/board" className={`q-chip ${late > 0 ? 'q-chip-critical' : 'q-chip-ok'}`}>{t('consult.figures.late_now', { count: late })}</Link>
            <Link to="/app/board" className={`q-chip ${soon > 0 ? 'q-chip-warning' : ''}`}>{t('consult.figures.soon_now', { count: Math.max(0, soon) })}</Link>
            <Link to="/app/board" className="q-chip">{t('consult.figures.paused_now', { count: paused })}</Link>
          </p>
        );
      }}
    </Answered>
  );
}

function TurnaroundCard({ title, value }: { title: string; value: Turnaround }) {
  const t = useText();
  const row = (name: string, spread: Spread) => (
    <tr>
      <th scope="row">{name}</th>
      <td className="q-num">{spread.n}</td>
      <td className="q-num">{minutes(spread.median_min)}</td>
      <td className="q-num">{minutes(spread.p90_min)}</td>
    </tr>
  );
  return (
    <section className="q-card q-stack q-scroll-x" tabIndex={0} aria-label={title}>
      <h2>{title}</h2>
      <p>
        {t('consult.figures.cases', { count: value.cases })} ·{' '}
        {value.judged === 0 ? t('consult.figures.none_judged') : t('consult.figures.on_time', { share: formatNumber((100 * value.on_time) / value.judged, 1), on_time: value.on_time, judged: value.judged })}
      </p>
      <table className="q-table">
        <thead>
          <tr>
            <th>{t('consult.figures.from_submission')}</th>
            <th>n</th>
            <th>{t('consult.figures.median')}</th>
            <th>{t('consult.figures.p90')}</th>
          </tr>
        </thead>
        <tbody>
          {row(t('consult.figures.accepted'), value.accepted)}
          {row(t('consult.figures.signed'), value.signed)}
          {row(t('consult.figures.counted'), value.counted)}
        </tbody>
      </table>
    </section>
  );
}

function Lines({ lines, month }: { lines: readonly FigureLine[]; month: string }) {
  const t = useText();
  const [only, setOnly] = useState<'all' | 'late' | 'not_followed'>('all');
  const shown = lines.filter((line) => only === 'all' || (only === 'late' ? line.on_time === false : line.followed === 'no' || line.followed === 'partly'));
  const columns = ['number', 'from', 'submitted', 'accepted', 'signed', 'on_time', 'followed', 'not_followed'] as const;
  const cells = (line: FigureLine): string[] => [
    line.number,
    nameIn(line.from),
    formatDateTime(line.submitted),
    minutes(line.accepted_min),
    minutes(line.signed_min),
    line.on_time === null ? '–' : line.on_time ? t('consult.figures.yes') : t('consult.figures.no'),
    line.followed ? textOr(`consult.option.followed.${line.followed}`, line.followed) : '–',
    line.not_followed ? textOr(`consult.option.not_followed.${line.not_followed}`, line.not_followed) : '–',
  ];
  return (
    <section className="q-stack">
      <div className="q-between">
        <h2>{t('consult.figures.lines')}</h2>
        <span className="q-row">
          {(['all', 'late', 'not_followed'] as const).map((one) => (
            <Button key={one} size="compact-sm" variant={only === one ? 'filled' : 'default'} aria-pressed={only === one} onClick={() => setOnly(one)}>
              {t(`consult.figures.only.${one}`)}
            </Button>
          ))}
          <Button size="compact-sm" variant="default" onClick={() => saveCsv(`figures-${month}.csv`, [columns.map((one) => t(`consult.figures.column.${one}`)), ...shown.map(cells)])}>
            {t('app.export_csv')}
          </Button>
        </span>
      </div>
      {shown.length === 0 ? (
        <EmptyCard title={t('consult.figures.no_lines')} />
      ) : (
        <div className="q-card q-card-flush q-scroll-x" tabIndex={0} role="region" aria-label={t('consult.figures.lines')}>
          <table className="q-table q-table-cards">
            <thead>
              <tr>
                {columns.map((one) => (
                  <th key={one}>{t(`consult.figures.column.${one}`)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((line) => (
                <tr key={line.case}>
                  {cells(line).map((cell, index) => (
                    <td key={columns[index]} className="q-num" data-label={t(`consult.figures.column.${columns[index] ?? ''}`)}>
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
