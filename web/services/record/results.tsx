/** What a search found, page by page; j, k and Enter walk it. */
import { Button } from '@mantine/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { isExactObject, stringIn, type ExactObject } from '../../api/exact_json';
import { searchRecord, type FoundPage } from '../../api/record';
import { useText } from '../../app/i18n';
import { Busy, EmptyCard } from '../../ui/cards';
import { formatDateTime, formatNumber } from '../../ui/format';
import { cellText, columnsOf } from './elements';
import { RecordError } from './frame';
import { queryOf, type Search } from './query';

const referenceOf = (resource: ExactObject) => `${stringIn(resource['resourceType']) ?? ''}/${stringIn(resource['id']) ?? ''}`;
export const linkTo = (reference: string) => `/app/record/${reference}`;
const kInstant = /^\d{4}-\d{2}(-\d{2}(T.+)?)?$/;
const cell = (text: string) => (kInstant.test(text) ? formatDateTime(text) : text);

export function Results({ search }: { search: Search }) {
  const t = useText();
  const [pages, setPages] = useState<FoundPage[]>([]);
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(true);
  const [failed, setFailed] = useState<unknown>();
  const load = useCallback(
    (query: string, place: number, signal?: AbortSignal) => {
      setBusy(true);
      setFailed(undefined);
      searchRecord(search.type, query, signal).then(
        (page) => {
          setPages((before) => [...before.slice(0, place), page]);
          setAt(place);
          setBusy(false);
        },
        (cause: unknown) => {
          if (signal?.aborted) return;
          setFailed(cause);
          setBusy(false);
        },
      );
    },
    [search],
  );
  useEffect(() => {
    const abort = new AbortController();
    load(queryOf(search), 0, abort.signal);
    return () => abort.abort();
  }, [load, search]);
  const page = pages[at];
  const first = pages.slice(0, at).reduce((sum, one) => sum + one.resources.length, 0);
  const total = pages.find((one) => one.total !== undefined)?.total;
  const next = page?.next;
  const forward = () => (pages[at + 1] ? setAt(at + 1) : next && load(next, at + 1));
  return (
    <section className="q-stack" aria-label={t('fhir.results')} aria-busy={busy}>
      {failed !== undefined && <RecordError error={failed} onRetry={() => load(pages.length > 0 && next ? next : queryOf(search), pages.length > 0 ? at + 1 : 0)} />}
      {page && page.remarks.map((remark) => <p key={remark} className="q-note q-note-warning">{remark}</p>)}
      {page && page.resources.length > 0 && (
        <>
          <p className="q-dim" role="status" data-found={page.resources.length}>
            {t(total === undefined ? 'fhir.results.range' : 'fhir.results.range_of', { from: formatNumber(first + 1), to: formatNumber(first + page.resources.length), total: formatNumber(total ?? 0) })}
          </p>
          <ResultTable type={search.type} resources={page.resources} />
        </>
      )}
      {page && page.resources.length === 0 && failed === undefined && !busy && <EmptyCard title={t('fhir.results.none')}>{t('fhir.results.none_help')}</EmptyCard>}
      {page && page.included.length > 0 && <Included resources={page.included} />}
      {busy && <Busy label={t('fhir.results.searching')} />}
      {page && (at > 0 || next) && (
        <div className="q-actions">
          <Button variant="default" disabled={at === 0 || busy} onClick={() => setAt(at - 1)}>
            {t('fhir.results.previous')}
          </Button>
          <Button variant="default" disabled={(!next && !pages[at + 1]) || busy} onClick={forward}>
            {t('fhir.results.next')}
          </Button>
        </div>
      )}
    </section>
  );
}

/** Rows of one type, each a link. */
export function ResultTable({ type, resources }: { type: string; resources: readonly ExactObject[] }) {
  const t = useText();
  const navigate = useNavigate();
  const body = useRef<HTMLTableSectionElement>(null);
  const [at, setAt] = useState(-1);
  const columns = columnsOf(type);
  useEffect(() => {
    setAt(-1);
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector('dialog[open]')) return;
      if (event.key === 'j' || event.key === 'k') {
        event.preventDefault();
        setAt((before) => Math.max(0, Math.min(resources.length - 1, before + (event.key === 'j' ? 1 : -1))));
      } else if (event.key === 'Enter' && !/^(A|BUTTON)$/.test(target.tagName)) {
        body.current?.querySelector<HTMLAnchorElement>('tr[data-current="true"] a')?.click();
      }
    };
    window.addEventListener('keydown', press);
    return () => window.removeEventListener('keydown', press);
  }, [resources]);
  useEffect(() => {
    body.current?.querySelector('[data-current="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at]);
  const updated = (resource: ExactObject) => (isExactObject(resource['meta']) ? stringIn(resource['meta']['lastUpdated']) : undefined);
  return (
    <div className="q-card q-card-flush q-scroll-x">
      <table className="q-table q-table-cards" data-rows={resources.length}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name}>{t(`fhir.column.${column.name}`)}</th>
            ))}
            <th>{t('fhir.column.updated')}</th>
          </tr>
        </thead>
        <tbody ref={body}>
          {resources.map((resource, index) => {
            const to = linkTo(referenceOf(resource));
            return (
              <tr key={to} data-open data-current={index === at} onClick={() => void navigate(to)}>
                {columns.map((column, place) => {
                  const text = cell(cellText(resource, column));
                  return (
                    <td key={column.name} data-label={t(`fhir.column.${column.name}`)}>
                      {place === 0 ? (
                        <span>
                          <Link to={to} onClick={(event) => event.stopPropagation()}>
                            {text || stringIn(resource['id'])}
                          </Link>
                          {text && <span className="q-small q-dim rec-id">{stringIn(resource['id'])}</span>}
                        </span>
                      ) : (
                        <span className="rec-cell">{text || '–'}</span>
                      )}
                    </td>
                  );
                })}
                <td className="q-num" data-label={t('fhir.column.updated')}>
                  <span>{formatDateTime(updated(resource))}</span>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function Included({ resources }: { resources: readonly ExactObject[] }) {
  const t = useText();
  return (
    <details className="q-card">
      <summary>{t('fhir.results.included', { count: resources.length })}</summary>
      <ReferenceList resources={resources} />
    </details>
  );
}

/** Resources of any types, by type. */
export function ReferenceList({ resources }: { resources: readonly ExactObject[] }) {
  const types = new Map<string, ExactObject[]>();
  for (const one of resources) {
    const type = stringIn(one['resourceType']) ?? '';
    types.set(type, [...(types.get(type) ?? []), one]);
  }
  return (
    <>
      {[...types].map(([type, ones]) => (
        <div key={type} className="q-stack-tight rec-group">
          <h3>
            {type} <span className="q-dim q-num">{formatNumber(ones.length)}</span>
          </h3>
          <ul>
            {ones.map((one) => (
              <li key={referenceOf(one)}>
                <Link to={linkTo(referenceOf(one))}>{columnsOf(type).map((column) => cell(cellText(one, column))).filter(Boolean).slice(0, 3).join(' · ') || referenceOf(one)}</Link>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </>
  );
}
