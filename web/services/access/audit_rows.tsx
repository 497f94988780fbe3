/** The rows that answer a question, page by page, and one of them in full. */
import { Button } from '@mantine/core';
import { useCallback, useEffect, useState, type ReactNode } from 'react';
import { searchAudit, type AuditPage, type AuditQuestion, type AuditRow } from '../../api/audit';
import { textOr, useText } from '../../app/i18n';
import { Busy, EmptyCard, ErrorCard } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { formatDate, formatDateTime, nameIn } from '../../ui/format';

const kChip = { success: '', denied: 'q-chip-warning', failed: 'q-chip-critical' } as const;

export function AuditRows({ question }: { question: AuditQuestion }) {
  const t = useText();
  const [rows, setRows] = useState<AuditRow[]>([]);
  const [page, setPage] = useState<AuditPage>();
  const [failed, setFailed] = useState<unknown>();
  const [busy, setBusy] = useState(true);
  const [open, setOpen] = useState<AuditRow>();
  const load = useCallback(
    (cursor: string | undefined, signal?: AbortSignal) => {
      setBusy(true);
      setFailed(undefined);
      searchAudit(question, cursor, signal).then(
        (answer) => {
          setRows((before) => (cursor ? [...before, ...answer.rows] : answer.rows));
          setPage(answer);
          setBusy(false);
        },
        (error: unknown) => {
          if (signal?.aborted) return;
          setFailed(error);
          setBusy(false);
        },
      );
    },
    [question],
  );
  useEffect(() => {
    const abort = new AbortController();
    load(undefined, abort.signal);
    return () => abort.abort();
  }, [load]);
  const next = page?.next;
  return (
    <>
      {failed !== undefined && <ErrorCard error={failed} onRetry={() => load(rows.length > 0 ? next : undefined)} />}
      {rows.length > 0 && (
        <div className="q-card q-card-flush q-scroll-x">
          <table className="q-table q-table-cards" data-rows={rows.length}>
            <thead>
              <tr>
                {(['at', 'person', 'action', 'about', 'outcome'] as const).map((one) => (
                  <th key={one}>{t(`audit.column.${one}`)}</th>
                ))}
                <th>
                  <span className="q-visually-hidden">{t('audit.open')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.seq}>
                  <td className="q-num" data-label={t('audit.column.at')}>
                    {formatDateTime(row.at)}
                  </td>
                  <td data-label={t('audit.column.person')}>
                    <span className="q-stack-tight">
                      <span>{who(row)}</span>
                      <span className="q-small q-dim">{[row.role && row.role !== 'system' && textOr(`role.${row.role}`, row.role), row.organisation && nameIn(row.organisation)].filter(Boolean).join(' · ')}</span>
                    </span>
                  </td>
                  <td data-label={t('audit.column.action')}>{textOr(`audit.action.${row.action}`, row.action)}</td>
                  <td data-label={t('audit.column.about')} className="q-small">
                    {about(row)}
                  </td>
                  <td data-label={t('audit.column.outcome')}>
                    <span className={`q-chip ${kChip[row.outcome] ?? ''}`}>{t(`audit.outcome.${row.outcome}`)}</span>
                  </td>
                  <td>
                    <Button size="compact-sm" variant="subtle" aria-label={t('audit.open_row', { row: row.seq })} onClick={() => setOpen(row)}>
                      {t('audit.open')}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {busy && <Busy label={t('audit.searching')} />}
      {!busy && failed === undefined && rows.length === 0 && !next && <EmptyCard title={t('audit.none')}>{t('audit.none_help')}</EmptyCard>}
      {!busy && next && (
        <div className="q-actions">
          <Button variant="default" onClick={() => load(next)}>
            {t(rows.length === 0 ? 'audit.search_further' : 'app.more')}
          </Button>
          <span className="q-dim q-small">{t('audit.searched_to', { date: formatDate(page.searchedTo) })}</span>
        </div>
      )}
      {open && <Detail row={open} onClose={() => setOpen(undefined)} />}
    </>
  );
}

function who(row: AuditRow): string {
  if (row.person) return nameIn(row.person);
  if (row.role === 'patient') return textOr('audit.patient_self', row.role);
  const client = /(?:^| )client=(\S+)/.exec(row.detail)?.[1];
  if (client) return client;
  return textOr(row.session ? 'audit.client' : row.action === 'login' ? 'audit.nobody' : 'audit.system', row.session);
}

function about(row: AuditRow): string {
  const what = row.type ? textOr(`audit.type.${row.type}`, row.type) : '';
  const whom = row.patient ? short(row.patient) : row.patients > 1 ? textOr('audit.patients', String(row.patients), { count: row.patients }) : '';
  return [what, whom, row.case?.number].filter(Boolean).join(' · ') || '–';
}

/** The beginning of a record's number is enough to tell two apart in a list. */
const short = (reference: string) => reference.replace(/^(\w+\/)?([0-9a-f]{8}).*$/, '$2…');

function Detail({ row, onClose }: { row: AuditRow; onClose: () => void }) {
  const t = useText();
  const line = (name: string, value: ReactNode) =>
    value === undefined || value === '' ? null : (
      <div key={name}>
        <dt>{t(`audit.field.${name}`)}</dt>
        <dd>{value}</dd>
      </div>
    );
  return (
    <Dialog title={t('audit.row', { row: row.seq })} onClose={onClose}>
      <dl className="acc-facts acc-facts-wide">
        {line('at', formatDateTime(row.at))}
        {line('action', textOr(`audit.action.${row.action}`, row.action))}
        {line('outcome', t(`audit.outcome.${row.outcome}`))}
        {line('person', row.person ? `${nameIn(row.person)} (${row.person.login})` : who(row))}
        {line('role', row.role && textOr(`role.${row.role}`, row.role))}
        {line('organisation', row.organisation && nameIn(row.organisation))}
        {line('patient', row.patient ?? (row.patients > 1 ? t('audit.patients', { count: row.patients }) : ''))}
        {line('resource', row.resource && `${row.resource}${row.version ? ` · v${row.version}` : ''}`)}
        {line('case', row.case?.number)}
        {line('source', row.source)}
        {line('purpose', row.purpose && textOr(`audit.purpose.${row.purpose}`, row.purpose))}
        {line('session', row.session)}
        {line('detail', row.detail)}
        {line('hash', <code className="acc-hash">{row.hash}</code>)}
      </dl>
    </Dialog>
  );
}
