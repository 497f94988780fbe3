/** What is late, about to be late or paused, and who has to act: for those who answer for deadlines. */
import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { useCounts } from '../../api/events';
import { readBoard, type BoardRow } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { ClockChip, UrgencyChip, useNow } from '../../ui/case_bits';
import { formatDateTime, nameIn } from '../../ui/format';

type Group = 'late' | 'soon' | 'paused' | 'running';
const kGroups: readonly Group[] = ['late', 'soon', 'paused', 'running'];

function groupOf(row: BoardRow, now: number): Group {
  if (row.paused) return 'paused';
  if (row.due && Date.parse(row.due) < now) return 'late';
  return row.share >= 80 ? 'soon' : 'running';
}

export default function BoardPage() {
  const t = useText();
  useTitle(t('app.nav.board'));
  const counts = useCounts();
  // Any change of a list may move a clock: the board is asked again.
  const query = useQuery(`list:board:${Object.values(counts).join('.')}`, readBoard);
  const now = useNow();
  const [side, setSide] = useState('');
  return (
    <div className="q-page">
      <h1>{t('app.nav.board')}</h1>
      <p className="q-dim">{t('cases.board.explain')}</p>
      <Answered query={query}>
        {({ rows, limit }) => {
          const places = [...new Map(rows.flatMap((row) => [row.from, row.to]).flatMap((one) => (one ? [[one.reference, one] as const] : []))).values()];
          const shown = rows.filter((row) => side === '' || row.from?.reference === side || row.to?.reference === side);
          return (
            <>
              <div className="q-between">
                <NativeSelect aria-label={t('cases.board.place')} value={side} onChange={(event) => setSide(event.currentTarget.value)} data={[{ value: '', label: t('cases.board.everywhere') }, ...places.map((one) => ({ value: one.reference, label: nameIn(one) }))]} />
                {rows.length >= limit && <span className="q-small q-warning">{t('cases.board.limit', { count: limit })}</span>}
              </div>
              {shown.length === 0 && <EmptyCard title={t('cases.board.none')}>{t('cases.board.none_help')}</EmptyCard>}
              {kGroups.map((group) => (
                <BoardGroup key={group} group={group} rows={shown.filter((row) => groupOf(row, now) === group)} />
              ))}
            </>
          );
        }}
      </Answered>
    </div>
  );
}

function BoardGroup({ group, rows }: { group: Group; rows: readonly BoardRow[] }) {
  const t = useText();
  if (rows.length === 0) return null;
  return (
    <section className="q-stack" aria-labelledby={`board-${group}`}>
      <h2 id={`board-${group}`}>
        {t(`cases.board.group.${group}`)} <span className="q-dim q-num">{rows.length}</span>
      </h2>
      <div className="q-card q-card-flush q-scroll-x">
        <table className="q-table q-table-cards">
          <thead>
            <tr>
              <th>{t('app.column.due')}</th>
              <th>{t('cases.board.case')}</th>
              <th>{t('cases.board.turn')}</th>
              <th>{t('cases.board.between')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.case}${row.number}${row.clock}`}>
                <td data-label={t('app.column.due')}>
                  <ClockChip clock={{ name: row.clock, due: row.due, started: '', paused: row.paused, level: 0, share: row.share }} />
                  {row.paused && row.runs_on_at && <div className="q-small q-dim">{t('cases.board.runs_on', { time: formatDateTime(row.runs_on_at) })}</div>}
                </td>
                <td data-label={t('cases.board.case')}>
                  <Link to={row.machine === 'consult' ? `/app/consult/${row.case}` : `/app/cases/${row.case}`}>{row.number}</Link> <UrgencyChip urgency={row.urgency} />
                  <div className="q-small q-dim">{textOr(row.state_title.replace('part.', 'consult.'), row.state_title)}</div>
                </td>
                <td data-label={t('cases.board.turn')}>
                  {t(`cases.board.owner.${row.owner}`)}
                  {row.person && <div className="q-small q-dim">{nameIn(row.person)}</div>}
                </td>
                <td className="q-small" data-label={t('cases.board.between')}>
                  {nameIn(row.from)} → {nameIn(row.to)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
