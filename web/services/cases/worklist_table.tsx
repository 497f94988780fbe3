/** Rows of a worklist: a table at the desk, cards where it is narrower; j/k/Enter walk it. */
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Link, useNavigate } from 'react-router';
import type { WorklistRow } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { ClockChip, nearestClock, stateText, UrgencyChip, useSexText } from '../../ui/case_bits';
import { useNarrow } from '../../ui/use_phone';
import { ageText, formatDateTime, formatDuration, nameIn } from '../../ui/format';

export function caseLink(row: Pick<WorklistRow, 'machine' | 'case' | 'state'>): string {
  if (row.machine !== 'consult') return `/app/cases/${row.case}`;
  return row.state === 'draft' ? `/app/consult/${row.case}/request` : `/app/consult/${row.case}`;
}

/** A row whose patient the reader has no right to any more cannot be opened; it stays as a line of one's own work. */
const mayOpen = (row: WorklistRow): boolean => Object.keys(row.patient).length > 0;

export function usePatientLine(): (patient: WorklistRow['patient']) => string {
  const t = useText();
  const sexText = useSexText();
  return (patient) => [patient.name ?? t('app.case.unnamed'), sexText(patient.sex), ageText(patient.age)].filter(Boolean).join(' · ');
}

export function WorklistTable({ rows, sort, onSort, keys = true }: { rows: readonly WorklistRow[]; sort?: string; onSort?: (sort: string) => void; keys?: boolean }) {
  const t = useText();
  const patientLine = usePatientLine();
  const navigate = useNavigate();
  const narrow = useNarrow();
  const [at, setAt] = useState(-1);
  const body = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!keys) return undefined;
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector('[role=dialog]')) return;
      if (event.key === 'j' || event.key === 'k') {
        event.preventDefault();
        setAt((before) => Math.max(0, Math.min(rows.length - 1, before + (event.key === 'j' ? 1 : -1))));
      } else if (event.key === 'Enter' && at >= 0 && !/^(A|BUTTON)$/.test(target.tagName)) {
        const row = rows[at];
        if (row && mayOpen(row)) void navigate(caseLink(row));
      }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [rows, at, keys, navigate]);
  useEffect(() => {
    body.current?.querySelector('[data-current="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  const sorting = (name: string) => (
    <button type="button" className="q-sort" aria-pressed={narrow ? sort === name : undefined} onClick={() => onSort?.(name)}>
      {t(`app.column.${name}`)} <span aria-hidden>{sort === name ? '▾' : '↕'}</span>
    </button>
  );
  const heading = (name: string) => (onSort ? <th aria-sort={sort === name ? 'ascending' : 'none'}>{sorting(name)}</th> : <th>{t(`app.column.${name}`)}</th>);
  const place = (row: WorklistRow) => nameIn(row.from);
  return (
    <div ref={body}>
      {!narrow && (
      <div className="q-card q-card-flush q-scroll-x">
        <table className="q-table">
          <thead>
            <tr>
              {heading('urgency')}
              <th>{t('app.column.patient')}</th>
              <th>{t('app.column.about')}</th>
              <th>{t('app.column.from')}</th>
              <th>{t('app.column.state')}</th>
              {heading('due')}
              {heading('waiting')}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={row.case} data-open={mayOpen(row) || undefined} data-current={index === at} onClick={() => mayOpen(row) && void navigate(caseLink(row))}>
                <td>
                  <UrgencyChip urgency={row.urgency} />
                </td>
                <td>
                  {mayOpen(row) ? (
                    <Link to={caseLink(row)} onClick={(event) => event.stopPropagation()}>
                      {patientLine(row.patient)}
                    </Link>
                  ) : (
                    <span className="q-dim">{t('app.case.access_ended')}</span>
                  )}
                  {row.number && <div className="q-small q-dim q-num">{row.number}</div>}
                </td>
                <td>
                  {row.specialty && textOr(`consult.specialty.${row.specialty}`, row.specialty)}
                  {row.purpose && <div className="q-small q-dim">{textOr(`consult.purpose.${row.purpose}`, row.purpose)}</div>}
                </td>
                <td>
                  {place(row)}
                  {row.requester && <div className="q-small q-dim">{nameIn(row.requester)}</div>}
                </td>
                <td>{stateText(row.machine, row.state)}</td>
                <td>
                  <ClockChip clock={nearestClock(row.clocks)} />
                </td>
                <td className="q-num">{row.waiting_since && <span title={formatDateTime(row.waiting_since)}>{formatDuration(Date.now() - Date.parse(row.waiting_since))}</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      )}
      {narrow && onSort && rows.length > 1 && (
        <div className="q-row q-sorts">
          {sorting('urgency')}
          {sorting('due')}
          {sorting('waiting')}
        </div>
      )}
      {narrow && (
      <ul className="q-list q-stack">
        {rows.map((row, index) => (
          <li key={row.case}>
            <CardOf row={row} current={index === at}>
              <span className="q-between">
                <span className="q-strong">{mayOpen(row) ? patientLine(row.patient) : t('app.case.access_ended')}</span>
                <UrgencyChip urgency={row.urgency} />
              </span>
              <span>{[row.specialty && textOr(`consult.specialty.${row.specialty}`, row.specialty), stateText(row.machine, row.state)].filter(Boolean).join(' · ')}</span>
              {place(row) && <span className="q-small q-dim">{place(row)}</span>}
              <span className="q-between">
                <ClockChip clock={nearestClock(row.clocks)} />
                {row.waiting_since && <span className="q-small q-dim q-num">{t('app.waiting', { time: formatDuration(Date.now() - Date.parse(row.waiting_since)) })}</span>}
              </span>
            </CardOf>
          </li>
        ))}
      </ul>
      )}
    </div>
  );
}

function CardOf({ row, current, children }: { row: WorklistRow; current: boolean; children: ReactNode }) {
  if (!mayOpen(row)) return <div className="q-card q-stack-tight">{children}</div>;
  return (
    <Link to={caseLink(row)} className="q-card q-link-card q-stack-tight" data-current={current}>
      {children}
    </Link>
  );
}
