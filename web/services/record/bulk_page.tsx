/** Bulk data: the record as files, files into the record, and the jobs that do it. */
import { Button, Progress as Bar, Textarea, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type ChangeEvent, type FormEvent } from 'react';
import { endJob, orderExport, orderImport, readFile, readJobs, type BulkFile, type BulkJob, type NewExport } from '../../api/bulk';
import { useQuery } from '../../api/cache';
import { textOr, useText } from '../../app/i18n';
import { developsWithRecord } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { saveFile } from '../../ui/csv';
import { formatBytes, formatDateTime, formatNumber } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { RecordError, RecordFrame, useActingClient } from './frame';
import { useOneAct } from './one_act';

const kLookMs = 2000;
const kExampleTypes = 'Patient, Observation';
const kExampleElements = 'Patient.name, Patient.birthDate';
const kTones = { running: 'q-chip-info', complete: 'q-chip-ok', failed: 'q-chip-critical', cancelled: '' } as const;

export default function BulkPage() {
  const t = useText();
  const develops = developsWithRecord(useSession());
  useTitle(`${t('fhir.bulk')} · ${t('app.nav.record')}`);
  return <RecordFrame title={t('fhir.bulk')}>{develops ? <Content /> : <EmptyCard title={t('error.access.not_yours')} />}</RecordFrame>;
}

function Content() {
  const t = useText();
  const client = useActingClient();
  const query = useQuery(`bulk:${client?.id ?? ''}`, readJobs);
  const { reload } = query;
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, kLookMs);
    return () => clearInterval(timer);
  }, [reload]);
  return (
    <>
      <p className="q-dim">{t('fhir.bulk.help')}</p>
      <div className="bulk-orders">
        <ExportForm onDone={reload} />
        <ImportForm may={query.data?.mayImport ?? false} onDone={reload} />
      </div>
      <h2>{t('fhir.bulk.jobs')}</h2>
      <Answered query={query}>
        {(data) =>
          data.jobs.length === 0 ? (
            <EmptyCard title={t('fhir.bulk.none')}>{t('fhir.bulk.none_help')}</EmptyCard>
          ) : (
            <ul className="q-list q-stack" data-jobs={data.jobs.length}>
              {data.jobs.map((job) => (
                <li key={job.id}>
                  <Card job={job} onDone={reload} />
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </>
  );
}

const kNothing: NewExport = { level: 'system', group: '', types: '', since: '', until: '', filters: '', elements: '' };

function ExportForm({ onDone }: { onDone: () => void }) {
  const t = useText();
  const [one, setOne] = useState(kNothing);
  const { busy, error, run } = useOneAct(onDone);
  const field = (name: keyof NewExport) => ({
    label: t(`fhir.bulk.${name}`),
    value: one[name],
    onChange: (event: ChangeEvent<HTMLInputElement | HTMLTextAreaElement>) => {
      const { value } = event.currentTarget;
      setOne((before) => ({ ...before, [name]: value }));
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run('order', () => orderExport(one));
  };
  return (
    <form className="q-card q-stack" aria-labelledby="bulk-export" onSubmit={submit}>
      <h2 id="bulk-export">{t('fhir.bulk.export')}</h2>
      <p className="q-dim">{t('fhir.bulk.export_help')}</p>
      <Choice
        label={t('fhir.bulk.level')}
        value={one.level}
        options={(['system', 'patient', 'group'] as const).map((value) => ({ value, label: t(`fhir.bulk.level.${value}`) }))}
        onChange={(level) => setOne((before) => ({ ...before, level }))}
      />
      {one.level === 'group' && <TextInput {...field('group')} required maxLength={64} autoComplete="off" spellCheck={false} />}
      <TextInput {...field('types')} description={t('fhir.bulk.types_help')} placeholder={kExampleTypes} autoComplete="off" spellCheck={false} />
      <details>
        <summary>{t('fhir.bulk.more')}</summary>
        <div className="q-stack">
          <TextInput {...field('since')} type="datetime-local" description={t('fhir.bulk.since_help')} />
          <TextInput {...field('until')} type="datetime-local" />
          <Textarea {...field('filters')} description={t('fhir.bulk.filters_help')} classNames={{ input: 'rec-mono' }} autosize minRows={2} spellCheck={false} />
          <TextInput {...field('elements')} description={t('fhir.bulk.elements_help')} placeholder={kExampleElements} autoComplete="off" spellCheck={false} />
        </div>
      </details>
      {error !== undefined && <RecordError error={error} />}
      <div className="q-actions">
        <Button type="submit" loading={busy === 'order'}>
          {t('fhir.bulk.order_export')}
        </Button>
      </div>
    </form>
  );
}

function ImportForm({ may, onDone }: { may: boolean; onDone: () => void }) {
  const t = useText();
  const [file, setFile] = useState<File>();
  const input = useRef<HTMLInputElement>(null);
  const sending = useRef<AbortController>(undefined);
  const forget = () => {
    setFile(undefined);
    if (input.current) input.current.value = '';
  };
  const { busy, error, run } = useOneAct(() => {
    forget();
    onDone();
  });
  useEffect(() => () => sending.current?.abort(), []);
  const begin = () => {
    if (!file) return;
    sending.current = new AbortController();
    const { signal } = sending.current;
    void run('order', () => orderImport(file, signal));
  };
  return (
    <section className="q-card q-stack" aria-labelledby="bulk-import">
      <h2 id="bulk-import">{t('fhir.bulk.import')}</h2>
      <p className="q-dim">{t('fhir.bulk.import_help')}</p>
      {!may && <p className="q-note">{t('fhir.bulk.no_client')}</p>}
      <input ref={input} type="file" hidden aria-label={t('fhir.bulk.choose')} accept=".ndjson,.jsonl,.json,application/json,application/fhir+json" onChange={(event) => setFile(event.currentTarget.files?.[0])} />
      {file && (
        <p data-chosen={file.name}>
          {file.name} <span className="q-dim q-num">{formatBytes(file.size)}</span>
        </p>
      )}
      {file && busy === '' && <p className="q-note q-note-warning">{t('fhir.bulk.replaces')}</p>}
      {busy !== '' && <p role="status">{t('fhir.bulk.sending')}</p>}
      {error !== undefined && <RecordError error={error} />}
      <div className="q-actions">
        <Button variant={file ? 'default' : 'filled'} leftSection={<Icon name="file" size={16} />} disabled={!may || busy !== ''} onClick={() => input.current?.click()}>
          {t('fhir.bulk.choose')}
        </Button>
        <Button disabled={!file || !may} loading={busy !== ''} onClick={begin}>
          {t('fhir.bulk.begin')}
        </Button>
        {busy !== '' && (
          <Button variant="default" onClick={() => sending.current?.abort()}>
            {t('app.cancel')}
          </Button>
        )}
      </div>
    </section>
  );
}

function Card({ job, onDone }: { job: BulkJob; onDone: () => void }) {
  const t = useText();
  const { busy, error, run } = useOneAct(onDone);
  const running = job.state === 'running';
  const counts = t(`fhir.bulk.${job.kind}ed`, { written: formatNumber(job.written), failed: formatNumber(job.failed), lines: formatNumber(job.lines) });
  return (
    <section className="q-card q-stack-tight" aria-label={t(`fhir.bulk.${job.kind}`)} data-job={job.id} data-kind={job.kind} data-state={job.state}>
      <div className="q-between">
        <h3>
          {t(`fhir.bulk.${job.kind}`)} <span className="q-dim q-num">{formatDateTime(job.created)}</span>
        </h3>
        <span className={`q-chip ${kTones[job.state]}`}>{job.waiting ? t('fhir.bulk.state.waiting') : t(`fhir.bulk.state.${job.state}`)}</span>
      </div>
      <p className="rec-mono q-small">{pathOf(job.request)}</p>
      {running && <Bar value={job.percent} size="lg" aria-label={t('fhir.bulk.progress', { percent: job.percent })} />}
      <p role="status" data-written={job.written} data-failed={job.failed}>
        {running && `${t('fhir.bulk.progress', { percent: job.percent })} · `}
        {counts}
      </p>
      {job.state === 'failed' && <p className="q-note q-note-critical">{textOr(`error.${job.error}`, job.error)}</p>}
      {job.state === 'cancelled' && <p className="q-note q-note-warning">{t('fhir.bulk.cancelled_help')}</p>}
      {job.files.length > 0 && <Files job={job} busy={busy} onSave={(file) => void run(file.name, async () => saveFile(file.name, await readFile(job.id, file.name)))} />}
      {job.expires && <p className="q-small q-dim">{t('fhir.bulk.expires', { time: formatDateTime(job.expires) })}</p>}
      {error !== undefined && <RecordError error={error} />}
      <div className="q-actions">
        <Button size="compact-md" variant="default" loading={busy === 'end'} onClick={() => void run('end', () => endJob(job.id))}>
          {running ? t('fhir.bulk.cancel') : t('fhir.bulk.remove')}
        </Button>
      </div>
    </section>
  );
}

/** Without the host, which is this one. */
const pathOf = (request: string) => request.replace(/^https?:\/\/[^/]*/, '');

function Files({ job, busy, onSave }: { job: BulkJob; busy: string; onSave: (file: BulkFile) => void }) {
  const t = useText();
  return (
    <ul className="q-list bulk-files" data-files={job.files.length}>
      {job.files.map((file) => (
        <li key={file.name} className="q-between">
          <span>
            {file.name}{' '}
            <span className="q-dim q-num">
              {t(`fhir.bulk.file.${file.kind}`, { count: file.count, number: formatNumber(file.count) })} · {formatBytes(file.bytes)}
            </span>
          </span>
          <Button size="compact-sm" variant="default" loading={busy === file.name} onClick={() => onSave(file)} aria-label={t('fhir.bulk.save', { name: file.name })}>
            {t('fhir.json.download')}
          </Button>
        </li>
      ))}
    </ul>
  );
}
