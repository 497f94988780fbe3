/** Who looked at one patient's record, names included: for the privacy officer, who may keep it as a file or on paper. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useCallback, useEffect, useState } from 'react';
import { useSearchParams } from 'react-router';
import { readLooks, type Look, type LooksQuestion } from '../../api/audit';
import { textOr, useText } from '../../app/i18n';
import { mayKeepPrivacy } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Busy, EmptyCard, ErrorCard } from '../../ui/cards';
import { saveCsv } from '../../ui/csv';
import { formatDateTime, nameIn } from '../../ui/format';
import { kSpans } from './audit_search';
import './access.css';

const kPages = 10; // of 200 lines
type Span = keyof typeof kSpans | 'all';
interface Found {
  looks: Look[];
  onlyOwnPeople: boolean;
  complete: boolean;
}

async function readAll(question: LooksQuestion, act: 'read' | 'export' | 'print', signal?: AbortSignal): Promise<Found> {
  const found: Found = { looks: [], onlyOwnPeople: false, complete: false };
  let cursor: string | undefined = '';
  for (let page = 0; page < kPages && cursor !== undefined; page++) {
    const answer = await readLooks(question, act, cursor, signal);
    found.looks.push(...answer.looks);
    found.onlyOwnPeople = answer.onlyOwnPeople;
    cursor = answer.next;
  }
  return { ...found, complete: cursor === undefined };
}

const questionOf = (patient: string, span: Span): LooksQuestion => ({ patient, from: span === 'all' ? '' : new Date(Date.now() - kSpans[span]).toISOString(), until: '' });

export default function LooksPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.looks'));
  const [query, setQuery] = useSearchParams();
  const patient = query.get('patient') ?? '';
  const [typed, setTyped] = useState(patient);
  const [span, setSpan] = useState<Span>('month');
  if (!mayKeepPrivacy(session)) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <h1>{t('app.nav.looks')}</h1>
      <p className="q-dim q-screen-only">{t('audit.looks.explain')}</p>
      <form className="q-card q-stack" role="search" aria-label={t('app.nav.looks')} onSubmit={(event) => (event.preventDefault(), setQuery({ patient: typed.trim() }))}>
        <div className="acc-search">
          <TextInput label={t('audit.looks.record')} required maxLength={64} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} />
          <NativeSelect label={t('audit.time')} value={span} onChange={(event) => setSpan(event.currentTarget.value as Span)} data={(['day', 'week', 'month', 'all'] as const).map((one) => ({ value: one, label: t(`audit.time.${one}`) }))} />
        </div>
        <div className="q-actions">
          <Button type="submit">{t('audit.looks.show')}</Button>
        </div>
      </form>
      {patient ? <Looks key={`${patient} ${span}`} patient={patient} span={span} /> : <EmptyCard title={t('audit.looks.choose')}>{t('audit.looks.record_hint')}</EmptyCard>}
    </div>
  );
}

function Looks({ patient, span }: { patient: string; span: Span }) {
  const t = useText();
  const session = useSession();
  const [found, setFound] = useState<Found>();
  const [failed, setFailed] = useState<unknown>();
  const [filter, setFilter] = useState({ why: '', organisation: '' });
  const load = useCallback(
    (signal?: AbortSignal) => {
      setFailed(undefined);
      readAll(questionOf(patient, span), 'read', signal).then(setFound, (error: unknown) => signal?.aborted || setFailed(error));
    },
    [patient, span],
  );
  useEffect(() => {
    const abort = new AbortController();
    load(abort.signal);
    return () => abort.abort();
  }, [load]);
  if (failed !== undefined) return <ErrorCard error={failed} onRetry={() => load()} />;
  if (!found) return <Busy label={t('audit.searching')} />;
  const kept = (all: Look[]) => all.filter((one) => (!filter.why || one.why === filter.why) && (!filter.organisation || one.organisation?.resource === filter.organisation));
  const shown = kept(found.looks);
  const any = { value: '', label: t('audit.any') };
  const places = [...new Map(found.looks.flatMap((one) => (one.organisation ? [[one.organisation.resource, one.organisation] as const] : []))).values()];
  // Asked for again, so that the audit says what became of the list.
  const take = (act: 'export' | 'print', then: (looks: Look[]) => void) => void readAll(questionOf(patient, span), act).then((all) => (setFound(all), then(kept(all.looks))), setFailed);
  return (
    <>
      {found.onlyOwnPeople && <p className="q-note">{t('audit.looks.own_only')}</p>}
      {!found.complete && <p className="q-note q-warning">{t('audit.looks.incomplete', { count: found.looks.length })}</p>}
      <div className="acc-search">
        <NativeSelect label={t('audit.looks.why')} value={filter.why} onChange={(event) => setFilter({ ...filter, why: event.currentTarget.value })} data={[any, ...[...new Set(found.looks.map((one) => one.why))].map((one) => ({ value: one, label: textOr(`audit.looks.why.${one}`, one) }))]} />
        <NativeSelect label={t('audit.organisation')} value={filter.organisation} onChange={(event) => setFilter({ ...filter, organisation: event.currentTarget.value })} data={[any, ...places.map((one) => ({ value: one.resource, label: nameIn(one) }))]} />
      </div>
      <div className="q-between">
        <span className="q-dim" role="status">
          {t('audit.looks.lines', { count: shown.length })}
        </span>
        {shown.length > 0 && (
          <div className="q-actions">
            <Button variant="default" onClick={() => take('export', (looks) => saveCsv(`looks-${patient.slice(0, 8)}.csv`, tableOf(looks)))}>
              {t('audit.looks.csv')}
            </Button>
            <Button variant="default" onClick={() => take('print', () => requestAnimationFrame(() => window.print()))}>
              {t('audit.looks.print')}
            </Button>
          </div>
        )}
      </div>
      <p className="q-print-only">
        {t('audit.looks.of', { patient })} · {t('audit.looks.printed', { time: formatDateTime(new Date().toISOString()), name: nameIn(session.person) })}
      </p>
      {shown.length === 0 ? <EmptyCard title={t('audit.looks.none')}>{t('audit.looks.none_help')}</EmptyCard> : <LooksTable looks={shown} />}
    </>
  );
}

const kColumns = ['last', 'person', 'act', 'why'] as const;

function LooksTable({ looks }: { looks: Look[] }) {
  const t = useText();
  return (
    <div className="q-card q-card-flush q-scroll-x">
      <table className="q-table q-table-cards" data-rows={looks.length}>
        <thead>
          <tr>
            {kColumns.map((one) => (
              <th key={one}>{t(`audit.looks.column.${one}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {looks.map((one, index) => (
            <tr key={index} data-why={one.why}>
              <td className="q-num" data-label={t('audit.looks.column.last')}>
                {formatDateTime(one.last)}
              </td>
              <td data-label={t('audit.looks.column.person')}>
                <span className="q-stack-tight">
                  <span>{whoOf(one)}</span>
                  <span className="q-small q-dim">{[one.role && one.role !== 'patient' && textOr(`role.${one.role}`, one.role), one.organisation && nameIn(one.organisation)].filter(Boolean).join(' · ')}</span>
                </span>
              </td>
              <td data-label={t('audit.looks.column.act')}>
                <span>
                  {textOr(`audit.looks.act.${one.act}`, one.act)} · {textOr(`audit.looks.category.${one.category}`, one.category)}
                  {one.count > 1 && <span className="q-dim q-num"> ×{one.count}</span>}
                </span>
              </td>
              <td data-label={t('audit.looks.column.why')}>
                <span>
                  <span className={`q-chip ${one.why === 'break_glass' ? 'q-chip-critical' : one.why === 'unrecorded' ? 'q-chip-warning' : ''}`}>{textOr(`audit.looks.why.${one.why}`, one.why)}</span> <span className="q-small q-num">{one.case?.number}</span>
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const whoOf = (one: Look) => (one.person ? nameIn(one.person) : one.role === 'patient' ? textOr('audit.looks.why.own', one.role) : textOr('audit.looks.program', one.role));

const kFile = ['first', 'last', 'person', 'role', 'organisation', 'act', 'part', 'why', 'case', 'count'] as const;
const tableOf = (looks: Look[]): string[][] => [
  kFile.map((one) => textOr(`audit.looks.column.${one}`, one)),
  ...looks.map((one) => [
    one.first,
    one.last,
    whoOf(one),
    one.role ? textOr(`role.${one.role}`, one.role) : '',
    one.organisation ? nameIn(one.organisation) : '',
    textOr(`audit.looks.act.${one.act}`, one.act),
    textOr(`audit.looks.category.${one.category}`, one.category),
    textOr(`audit.looks.why.${one.why}`, one.why),
    one.case?.number ?? '',
    String(one.count),
  ]),
];
