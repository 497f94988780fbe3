/** How the backups stand: what the system administrator sees each morning, and what to type when it comes to the worst. */
import { Button } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { readBackups, startBackup, type Backup, type Backups } from '../../api/backups';
import { useQuery } from '../../api/cache';
import { textOr, useText } from '../../app/i18n';
import { mayKeepNodes } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard, ErrorCard } from '../../ui/cards';
import { CommandLine } from '../../ui/command_line';
import { formatBytes, formatDateTime, formatDuration, formatNumber } from '../../ui/format';

const kDayMs = 86_400_000;
const kBackupLateMs = 1.5 * kDayMs;
const kDrillLateMs = 35 * kDayMs;
const kLookMs = 2000;

export default function BackupsPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.backups'));
  const allowed = mayKeepNodes(session);
  const query = useQuery(allowed ? 'backups' : undefined, readBackups);
  const running = query.data?.running ?? false;
  const { reload } = query;
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(reload, kLookMs);
    return () => clearInterval(timer);
  }, [running, reload]);
  if (!allowed) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.nav.backups')}</h1>
      <Answered query={query}>
        {(backups) => (
          <>
            {(backups.folder === '' || backups.key === null) && <SetUp backups={backups} />}
            {backups.folder !== '' && <State backups={backups} onStarted={reload} />}
            {(backups.folder !== '' || backups.last) && <Drill backups={backups} />}
            {backups.last && <Restore backups={backups} />}
            {backups.backups.length > 0 && <List backups={backups} />}
          </>
        )}
      </Answered>
    </div>
  );
}

function SetUp({ backups }: { backups: Backups }) {
  const t = useText();
  return (
    <section className="q-card q-stack">
      <div className="q-between">
        <h2>{t('operations.backups.set_up')}</h2>
      </div>
      <p className="q-note q-note-warning">{t(backups.folder === '' ? 'operations.backups.none_yet' : 'operations.backups.no_key')}</p>
      {backups.key === null && (
        <Step text={t('operations.backups.step_key')}>
          <CommandLine text={`qiao backup-key new --data ${backups.dataFolder} > recovery-key.txt`} />
        </Step>
      )}
      {backups.folder === '' && (
        <Step text={t('operations.backups.step_config', { file: backups.configFile || 'qiao.toml' })}>
          <CommandLine text={'backup_to = "/mnt/backup"\nbackup_at = "02:30"'} />
        </Step>
      )}
      <Step text={t('operations.backups.step_first')}>
        <CommandLine text={`qiao backup --data ${backups.dataFolder} --to ${backups.folder || '/mnt/backup'}`} />
      </Step>
    </section>
  );
}

function Step({ text, children }: { text: string; children: ReactNode }) {
  return (
    <div className="q-stack-tight">
      <p>{text}</p>
      {children}
    </div>
  );
}

function State({ backups, onStarted }: { backups: Backups; onStarted: () => void }) {
  const t = useText();
  const [error, setError] = useState<unknown>();
  const { last } = backups;
  const age = last ? Date.parse(backups.now) - Date.parse(last.taken) : undefined;
  const late = age === undefined || age > kBackupLateMs;
  const start = () => {
    setError(undefined);
    startBackup().then(onStarted, setError);
  };
  return (
    <section className="q-card q-stack">
      <div className="q-between">
        <h2>{t('operations.backups.last')}</h2>
        <span className={`q-chip ${backups.running ? 'q-chip-info' : late || backups.error ? 'q-chip-warning' : 'q-chip-ok'}`}>
          {backups.running ? t('operations.backups.running') : backups.error ? t('operations.backups.failed') : late ? t('operations.backups.late') : t('operations.backups.good')}
        </span>
      </div>
      {backups.error !== '' && !backups.running && (
        <div className="q-note q-note-critical q-stack-tight" role="alert">
          <p className="q-strong">{t('operations.backups.failed_at', { time: formatDateTime(backups.failed) })}</p>
          <p>{textOr(`error.${backups.error}`, textOr('error.unknown', backups.error, { code: backups.error }))}</p>
        </div>
      )}
      {last && last.damagedFiles > 0 && <p className="q-note q-note-critical">{t('operations.backups.damaged', { count: last.damagedFiles })}</p>}
      {last ? (
        <dl className="q-facts">
          <dt>{t('operations.backups.taken')}</dt>
          <dd>
            {formatDateTime(last.taken)} <span className="q-dim">({t('operations.backups.ago', { age: formatDuration(age ?? 0) })})</span>
          </dd>
          <dt>{t('operations.backups.size')}</dt>
          <dd>{t('operations.backups.size_value', { size: formatBytes(last.bytes), files: formatNumber(last.files, 0), written: formatBytes(last.writtenBytes) })}</dd>
          <dt>{t('operations.backups.took')}</dt>
          <dd>{t('operations.backups.seconds', { seconds: formatNumber(Math.max(last.durationMs / 1000, 0.1)) })}</dd>
          <dt>{t('operations.backups.sealed')}</dt>
          <dd>{last.key ? t('operations.backups.sealed_to', { key: last.key }) : <span className="q-critical">{t('operations.backups.not_sealed')}</span>}</dd>
          <dt>{t('operations.backups.where')}</dt>
          <dd className="q-pre">{backups.lastFolder}</dd>
        </dl>
      ) : (
        <p className="q-dim">{t('operations.backups.first_to_come')}</p>
      )}
      <p className="q-dim">{t('operations.backups.next', { time: formatDateTime(backups.next), keep: backups.keep, zone: backups.zone })}</p>
      {error !== undefined && <ErrorCard error={error} />}
      <div className="q-actions">
        <Button variant="default" onClick={start} loading={backups.running} disabled={backups.key === null}>
          {t('operations.backups.now')}
        </Button>
      </div>
    </section>
  );
}

function Drill({ backups }: { backups: Backups }) {
  const t = useText();
  const { verified } = backups;
  const age = verified ? Date.parse(backups.now) - Date.parse(verified.at) : undefined;
  const late = age === undefined || age > kDrillLateMs;
  return (
    <section className="q-card q-stack">
      <div className="q-between">
        <h2>{t('operations.backups.drill')}</h2>
        <span className={`q-chip ${late ? 'q-chip-warning' : 'q-chip-ok'}`}>{age === undefined ? t('operations.backups.never') : t('operations.backups.ago', { age: formatDuration(age) })}</span>
      </div>
      {late && <p className="q-note q-note-warning">{t(verified ? 'operations.backups.drill_late' : 'operations.backups.drill_never')}</p>}
      {verified && <p>{t('operations.backups.drill_good', { time: formatDateTime(verified.at), taken: formatDateTime(verified.taken), seconds: formatNumber(verified.restoreSeconds) })}</p>}
      <p className="q-dim">{t('operations.backups.drill_how')}</p>
      <CommandLine text={`qiao verify-backup --from ${backups.folder || backups.lastFolder} --key recovery-key.txt`} />
    </section>
  );
}

function Restore({ backups }: { backups: Backups }) {
  const t = useText();
  return (
    <section className="q-card q-stack">
      <div className="q-between">
        <h2>{t('operations.backups.restore')}</h2>
      </div>
      <p className="q-dim">{t('operations.backups.restore_how')}</p>
      <CommandLine text={`qiao restore --from ${backups.folder || backups.lastFolder} --key recovery-key.txt --data ${backups.dataFolder}-restored`} />
    </section>
  );
}

function List({ backups }: { backups: Backups }) {
  const t = useText();
  return (
    <section className="q-card q-card-flush q-scroll-x">
      <table className="q-table">
        <caption className="q-visually-hidden">{t('operations.backups.list')}</caption>
        <thead>
          <tr>
            <th>{t('operations.backups.taken')}</th>
            <th>{t('operations.backups.size')}</th>
            <th>{t('operations.backups.new_bytes')}</th>
            <th>{t('operations.backups.sealed')}</th>
          </tr>
        </thead>
        <tbody>
          {backups.backups.map((one: Backup) => (
            <tr key={one.id}>
              <td className="q-num">{formatDateTime(one.taken)}</td>
              <td className="q-num">{formatBytes(one.bytes)}</td>
              <td className="q-num">{formatBytes(one.writtenBytes)}</td>
              <td>{one.key ? <span className="q-num">{one.key.slice(0, 8)}…</span> : <span className="q-critical">{t('operations.backups.no')}</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
