/** Files into the record, with progress, what was refused line by line, and a plain word on what is stored. */
import { Button, Progress as Bar } from '@mantine/core';
import { useEffect, useRef, useState, useSyncExternalStore, type ChangeEvent } from 'react';
import { Link } from 'react-router';
import { textOr, useText } from '../../app/i18n';
import { developsWithRecord } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { EmptyCard } from '../../ui/cards';
import { saveCsv } from '../../ui/csv';
import { Dialog } from '../../ui/dialog';
import { formatBytes, formatNumber } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { RecordError, RecordFrame, useActingClient } from './frame';
import { Import, type Failure, type Progress } from './importing';

/** It goes on while other pages are looked at; its result stays until the next one or the end of the tab. */
let running: Import | undefined;
let shown: Progress | undefined;
const listeners = new Set<() => void>();
const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

function begin(files: readonly File[]): void {
  const one = new Import(files, () => {
    shown = { ...one.progress };
    for (const listener of listeners) listener();
  });
  running = one;
  shown = { ...one.progress };
  void one.run();
  for (const listener of listeners) listener();
}

const kShown = 200;

export default function ImportPage() {
  const t = useText();
  const develops = developsWithRecord(useSession());
  useTitle(`${t('fhir.import')} · ${t('app.nav.record')}`);
  return (
    <RecordFrame title={t('fhir.import')}>
      {develops ? <ImportCard /> : <EmptyCard title={t('error.access.not_yours')} />}
    </RecordFrame>
  );
}

function ImportCard() {
  const t = useText();
  const client = useActingClient();
  const progress = useSyncExternalStore(subscribe, () => shown);
  const [files, setFiles] = useState<File[]>([]);
  const [asking, setAsking] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const busy = progress?.state === 'running';
  useEffect(() => {
    if (!busy) return undefined;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', warn);
    return () => window.removeEventListener('beforeunload', warn);
  }, [busy]);
  const choose = (event: ChangeEvent<HTMLInputElement>) => setFiles([...(event.currentTarget.files ?? [])]);
  const store = () => {
    setAsking(false);
    begin(files);
    setFiles([]);
    if (input.current) input.current.value = '';
  };
  const bytes = files.reduce((sum, one) => sum + one.size, 0);
  return (
    <>
      <section className="q-card q-stack" aria-labelledby="rec-files">
        <h2 id="rec-files">{t('fhir.import.files')}</h2>
        <p className="q-dim">{t('fhir.import.help')}</p>
        {!client && <p className="q-note">{t('fhir.import.no_client')}</p>}
        <input ref={input} type="file" hidden multiple aria-label={t('fhir.import.choose')} accept=".ndjson,.jsonl,.json,application/json,application/fhir+json" onChange={choose} />
        {files.length > 0 && (
          <ul>
            {files.map((one) => (
              <li key={one.name}>
                {one.name} <span className="q-dim q-num">{formatBytes(one.size)}</span>
              </li>
            ))}
          </ul>
        )}
        <div className="q-actions">
          <Button variant={files.length === 0 ? 'filled' : 'default'} leftSection={<Icon name="file" size={16} />} disabled={busy || !client} onClick={() => input.current?.click()}>
            {t('fhir.import.choose')}
          </Button>
          <Button data-begin disabled={files.length === 0 || busy || !client} onClick={() => setAsking(true)}>
            {t('fhir.import.begin')}
          </Button>
        </div>
      </section>
      {progress && <Outcome progress={progress} />}
      {asking && client && (
        <Dialog title={t('fhir.import.begin')} onClose={() => setAsking(false)}>
          <div className="q-stack">
            <p>{t('fhir.import.confirm', { count: files.length, size: formatBytes(bytes), client: client.id })}</p>
            <p className="q-note q-note-warning">{t('fhir.import.replaces')}</p>
            <div className="q-actions">
              <Button onClick={store}>{t('fhir.import.store')}</Button>
              <Button variant="default" onClick={() => setAsking(false)}>
                {t('app.cancel')}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((total, one) => total + one, 0);
const kTone = { running: '', done: 'q-note-ok', cancelled: 'q-note-warning', stopped: 'q-note-critical' } as const;

function Outcome({ progress }: { progress: Progress }) {
  const t = useText();
  const [created, updated] = [sum(progress.created), sum(progress.updated)];
  const percent = progress.bytes === 0 ? 100 : Math.round((progress.readBytes / progress.bytes) * 100);
  const types = [...new Set([...Object.keys(progress.created), ...Object.keys(progress.updated)])].sort();
  return (
    <section className="q-card q-stack" aria-labelledby="rec-outcome" data-import={progress.state}>
      <div className="q-between">
        <h2 id="rec-outcome">{t('fhir.import.result')}</h2>
        {progress.state === 'running' && (
          <Button variant="default" onClick={() => running?.cancel()}>
            {t('app.cancel')}
          </Button>
        )}
      </div>
      <Bar value={percent} size="lg" aria-label={t('fhir.import.progress')} />
      <div className={`q-note ${kTone[progress.state]} q-stack-tight`} role="status">
        <p className="q-strong">{t(`fhir.import.state.${progress.state}`, { percent })}</p>
        <p data-stored={created + updated}>{t('fhir.import.stored', { created: formatNumber(created), updated: formatNumber(updated), failed: formatNumber(progress.failed) })}</p>
        {progress.deleted > 0 && <p>{t('fhir.import.deleted', { count: progress.deleted })}</p>}
        {progress.unsure && <p>{t('fhir.import.unsure', progress.unsure)}</p>}
      </div>
      {progress.error !== undefined && <RecordError error={progress.error} />}
      {types.length > 0 && (
        <ul className="rec-types q-list">
          {types.map((type) => (
            <li key={type}>
              <Link to={`/app/record?type=${type}`}>{type}</Link> <span className="q-num q-dim">{formatNumber((progress.created[type] ?? 0) + (progress.updated[type] ?? 0))}</span>
            </li>
          ))}
        </ul>
      )}
      {progress.failures.length > 0 && <Failures failures={progress.failures} failed={progress.failed} />}
    </section>
  );
}

const reason = (one: Failure) => textOr(`error.${one.code}`, one.code);

function Failures({ failures, failed }: { failures: readonly Failure[]; failed: number }) {
  const t = useText();
  // Narrowing down finds them in another order than that of the files.
  const inOrder = failures.map((one, at) => ({ ...one, at })).sort((a, b) => (a.file === b.file ? a.line - b.line : a.at - b.at));
  const heads = (['file', 'line', 'what', 'why'] as const).map((one) => t(`fhir.import.${one}`));
  const save = () => saveCsv('import-refused.csv', [[...heads, t('fhir.import.code')], ...inOrder.map((one) => [one.file, String(one.line), one.what, [reason(one), one.text].filter(Boolean).join(' · '), one.code])]);
  return (
    <div className="q-stack-tight">
      <div className="q-between">
        <h3>{t('fhir.import.refused', { count: failed })}</h3>
        <Button size="compact-sm" variant="default" onClick={save}>
          {t('fhir.import.save')}
        </Button>
      </div>
      {failed > failures.length && <p className="q-dim">{t('fhir.import.first_only', { count: failures.length })}</p>}
      <div className="q-scroll-x">
        <table className="q-table q-table-cards" data-refused={failures.length}>
          <thead>
            <tr>
              {heads.map((one) => (
                <th key={one}>{one}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {inOrder.slice(0, kShown).map((one) => (
              <tr key={one.at}>
                <td data-label={heads[0]}>
                  <span>{one.file}</span>
                </td>
                <td className="q-num" data-label={heads[1]}>
                  <span>{one.line || '–'}</span>
                </td>
                <td data-label={heads[2]}>
                  <span className="rec-mono">{one.what || '–'}</span>
                </td>
                <td data-label={heads[3]}>
                  <span className="q-stack-tight">
                    <span>{reason(one)}</span>
                    {one.text && <span className="rec-mono">{one.text}</span>}
                  </span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {failures.length > kShown && <p className="q-dim">{t('fhir.import.more', { count: failures.length - kShown })}</p>}
    </div>
  );
}
