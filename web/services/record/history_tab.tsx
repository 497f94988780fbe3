/** The versions of a resource, who signed which, and what differs between two of them. */
import { Button } from '@mantine/core';
import { useCallback, useEffect, useState } from 'react';
import { Link } from 'react-router';
import { isExactObject, leafText, stringIn, textOfExact, type Exact, type ExactObject } from '../../api/exact_json';
import { readVersions, searchRecord, type HistoryPage, type Version } from '../../api/record';
import { useText } from '../../app/i18n';
import { Busy, EmptyCard } from '../../ui/cards';
import { formatDateTime } from '../../ui/format';
import { differences, type Difference } from './diff';
import { localReference, shortText } from './elements';
import { RecordError } from './frame';
import { linkTo } from './results';

const kSignatures = 100;
const list = (value: Exact | undefined): Exact[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);

/** Names of who signed, by version: Provenance names the version that it is about. */
function signersOf(signatures: readonly ExactObject[], reference: string): Map<string, string[]> {
  const signers = new Map<string, string[]>();
  for (const one of signatures) {
    const names = list(one['agent']).map((agent) => (isExactObject(agent) ? shortText(agent['who']) : '')).filter(Boolean);
    for (const target of list(one['target'])) {
      const about = isExactObject(target) ? localReference(stringIn(target['reference'])) : undefined;
      if (about?.to === reference && about.version) signers.set(about.version, [...new Set([...(signers.get(about.version) ?? []), ...names])]);
    }
  }
  return signers;
}

export function HistoryTab({ reference }: { reference: string }) {
  const t = useText();
  const [page, setPage] = useState<HistoryPage>();
  const [signers, setSigners] = useState<Map<string, string[]>>(new Map());
  const [failed, setFailed] = useState<unknown>();
  const [chosen, setChosen] = useState<{ before?: string; after?: string }>({});
  const load = useCallback(
    (query: string, signal?: AbortSignal) => {
      setFailed(undefined);
      readVersions(reference, query, signal).then(
        (found) => setPage((before) => ({ ...found, versions: [...(query ? (before?.versions ?? []) : []), ...found.versions] })),
        (cause: unknown) => signal?.aborted || setFailed(cause),
      );
    },
    [reference],
  );
  useEffect(() => {
    const abort = new AbortController();
    load('', abort.signal);
    // Without signatures the versions are shown all the same.
    searchRecord('Provenance', `target=${reference}&_count=${kSignatures}`, abort.signal).then((found) => setSigners(signersOf(found.resources, reference)), () => undefined);
    return () => abort.abort();
  }, [load, reference]);
  if (!page) return failed === undefined ? <Busy /> : <RecordError error={failed} onRetry={() => load('')} />;
  const { versions, next } = page;
  const after = versions.find((one) => one.version === chosen.after) ?? versions[0];
  const before = versions.find((one) => one.version === chosen.before) ?? versions[after === versions[0] ? 1 : 0];
  return (
    <>
      <div className="q-card q-card-flush q-scroll-x">
        <table className="q-table q-table-cards" data-versions={versions.length}>
          <thead>
            <tr>
              {(['version', 'time', 'act', 'signers', 'compare'] as const).map((one) => (
                <th key={one}>{t(`fhir.history.${one}`)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {versions.map((one) => (
              <tr key={one.version}>
                <td data-label={t('fhir.history.version')}>{one.resource ? <Link to={`${linkTo(reference)}?version=${one.version}&tab=json`}>{one.version}</Link> : <span>{one.version}</span>}</td>
                <td className="q-num" data-label={t('fhir.history.time')}>
                  <span>{formatDateTime(one.at)}</span>
                </td>
                <td data-label={t('fhir.history.act')}>
                  <span className={`q-chip ${one.act === 'delete' ? 'q-chip-critical' : ''}`}>{t(`fhir.act.${one.act}`)}</span>
                </td>
                <td data-label={t('fhir.history.signers')}>
                  <span>{signers.get(one.version)?.join(', ') ?? '–'}</span>
                </td>
                <td data-label={t('fhir.history.compare')}>
                  {versions.length > 1 && (
                    <span className="q-row">
                      {(['before', 'after'] as const).map((side) => (
                        <label key={side} className="rec-pick">
                          <input type="radio" name={side} checked={(side === 'before' ? before : after) === one} onChange={() => setChosen({ ...(before ? { before: before.version } : {}), ...(after ? { after: after.version } : {}), [side]: one.version })} /> {t(`fhir.diff.${side}`)}
                        </label>
                      ))}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {failed !== undefined && <RecordError error={failed} />}
      {next && (
        <div>
          <Button variant="default" onClick={() => load(next)}>
            {t('fhir.history.older')}
          </Button>
        </div>
      )}
      <p className="q-dim q-small">{t('fhir.history.who')}</p>
      {before && after && before !== after ? <Diff before={before} after={after} /> : versions.length < 2 && <EmptyCard title={t('fhir.diff.one')} />}
    </>
  );
}

const kChips = { added: 'q-chip-ok', removed: 'q-chip-critical', changed: 'q-chip-warning' } as const;

function Diff({ before, after }: { before: Version; after: Version }) {
  const t = useText();
  const found = differences(before.resource ?? {}, after.resource ?? {});
  return (
    <section className="q-stack-tight" aria-labelledby="rec-diff">
      <h2 id="rec-diff">{t('fhir.diff.title', { before: before.version, after: after.version })}</h2>
      {found.length === 0 ? (
        <EmptyCard title={t('fhir.diff.none')} />
      ) : (
        <div className="q-card q-card-flush q-scroll-x">
          <table className="q-table q-table-cards rec-diff" data-differences={found.length}>
            <thead>
              <tr>
                {(['element', 'before', 'after'] as const).map((one) => (
                  <th key={one}>{t(`fhir.diff.${one}`)}</th>
                ))}
              </tr>
            </thead>
            <tbody>
              {found.map((one) => (
                <Line key={one.path} difference={one} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Line({ difference }: { difference: Difference }) {
  const t = useText();
  return (
    <tr data-path={difference.path}>
      <td data-label={t('fhir.diff.element')}>
        <span className="q-stack-tight">
          <code>{difference.path}</code>
          <span>
            <span className={`q-chip ${kChips[difference.kind]}`}>{t(`fhir.diff.${difference.kind}`)}</span>
          </span>
        </span>
      </td>
      <td data-label={t('fhir.diff.before')}>
        <Side value={difference.before} />
      </td>
      <td data-label={t('fhir.diff.after')}>
        <Side value={difference.after} />
      </td>
    </tr>
  );
}

function Side({ value }: { value: Exact | undefined }) {
  if (value === undefined) return <span className="q-dim">{'–'}</span>;
  return <span className="rec-mono">{typeof value === 'object' && value !== null ? textOfExact(value, 2) : leafText(value)}</span>;
}
