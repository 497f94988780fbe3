/** How the centre stands: room on the disk, work in the background, and the time limits of the country pack. */
import { Button } from '@mantine/core';
import { useQuery } from '../../api/cache';
import { readCentreState, type CentreState } from '../../api/centre_state';
import { textOr, useText } from '../../app/i18n';
import { mayKeepContracts, mayKeepNodes } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { formatBytes, formatDate, formatDateTime, formatDuration, formatNumber, nameIn } from '../../ui/format';

/** From here on images are soon refused, as `qiao check` says. */
const kFull_percent = 85;
const kMinuteMs = 60_000;

export default function StatePage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.state'));
  const may = mayKeepNodes(session) || mayKeepContracts(session);
  const query = useQuery(may ? 'centre_state' : undefined, readCentreState);
  if (!may) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{t('app.nav.state')}</h1>
        <Button variant="default" onClick={query.reload}>{t('operations.state.again')}</Button>
      </div>
      <Answered query={query}>
        {(state) => (
          <>
            <Storage storage={state.storage} version={state.version} />
            <Audit audit={state.audit} />
            <SigningCertificates certificates={state.certificates} />
            <Jobs state={state} />
            <Deadlines pack={state.pack} />
          </>
        )}
      </Answered>
    </div>
  );
}

function Storage({ storage, version }: { storage: CentreState['storage']; version: string }) {
  const t = useText();
  const full = storage.usedPercent >= kFull_percent;
  const bad = full || !storage.writable;
  return (
    <section className="q-card q-stack-tight">
      <div className="q-between">
        <h2>{t('operations.state.storage')}</h2>
        <span className={`q-chip ${bad ? 'q-chip-critical' : 'q-chip-ok'}`}>{t(!storage.writable ? 'operations.state.stopped' : full ? 'operations.state.full' : 'operations.state.room')}</span>
      </div>
      {!storage.writable && <p className="q-note q-note-critical">{t('operations.state.stopped_help')}</p>}
      {full && <p className="q-note q-note-warning">{t('operations.state.full_help')}</p>}
      <dl className="q-facts">
        <dt>{t('operations.state.disk')}</dt>
        <dd className="q-num">{t('operations.state.disk_value', { percent: storage.usedPercent, free: formatBytes(storage.freeBytes) })}</dd>
        <dt>{t('operations.state.encryption')}</dt>
        <dd>{t(`operations.state.encryption.${storage.encryption}`)}</dd>
        <dt>{t('operations.state.record')}</dt>
        <dd className="q-num">{formatBytes(storage.recordBytes)}</dd>
        <dt>{t('operations.state.images')}</dt>
        <dd className="q-num">{formatBytes(storage.packsBytes + storage.imagingBytes)}</dd>
        <dt>{t('operations.state.version')}</dt>
        <dd className="q-num">{version}</dd>
      </dl>
    </section>
  );
}

function Audit({ audit }: { audit: CentreState['audit'] }) {
  const t = useText();
  const bad = (audit.defects ?? 0) > 0;
  return (
    <section className="q-card q-stack-tight">
      <div className="q-between">
        <h2>{t('operations.state.audit')}</h2>
        {audit.checked && <span className={`q-chip ${bad ? 'q-chip-critical' : 'q-chip-ok'}`}>{t(bad ? 'operations.state.audit_bad' : 'operations.state.audit_whole')}</span>}
      </div>
      {bad && <p className="q-note q-note-critical">{t('operations.state.audit_help')}</p>}
      <dl className="q-facts">
        <dt>{t('operations.state.audit_rows')}</dt>
        <dd className="q-num">{formatNumber(audit.rows)}</dd>
        <dt>{t('operations.state.audit_checked')}</dt>
        <dd>{audit.checked ? formatDateTime(audit.checked) : t('operations.state.audit_never')}</dd>
      </dl>
    </section>
  );
}

/** What keeps somebody from signing, or soon will. */
function SigningCertificates({ certificates }: { certificates: CentreState['certificates'] }) {
  const t = useText();
  const refused = certificates.some((one) => one.state !== 'soon');
  return (
    <section className="q-card q-stack-tight">
      <div className="q-between">
        <h2>{t('operations.state.certificates')}</h2>
        <span className={`q-chip ${refused ? 'q-chip-critical' : certificates.length > 0 ? 'q-chip-warning' : 'q-chip-ok'}`}>
          {t(refused ? 'operations.state.certificates_refuse' : certificates.length > 0 ? 'operations.state.certificates_soon' : 'operations.state.certificates_good')}
        </span>
      </div>
      <p className="q-small q-dim">{t(certificates.length > 0 ? 'operations.state.certificates_help' : 'operations.state.certificates_none')}</p>
      <ul className="q-list q-stack-tight">
        {certificates.map((one) => (
          <li key={`${one.kind}${one.holder.resource ?? ''}`} className="q-between">
            <span>
              <span className="q-strong">{nameIn(one.holder)}</span> {one.kind === 'seal' && <span className="q-chip">{t('operations.state.certificates_seal')}</span>}
            </span>
            <span className={`q-chip ${one.state === 'soon' ? 'q-chip-warning' : 'q-chip-critical'}`}>{t(`operations.state.certificates_${one.state}_on`, { date: formatDate(one.at) })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const jobName = (name: string) => textOr(`operations.state.job.${name}`, name);

function Jobs({ state }: { state: CentreState }) {
  const t = useText();
  return (
    <section className="q-card q-stack">
      <h2>{t('operations.state.jobs')}</h2>
      <div className="q-scroll-x" tabIndex={0} role="region" aria-label={t('operations.state.jobs')}>
      <table className="q-table q-table-cards">
        <thead>
          <tr>
            <th>{t('operations.state.job')}</th>
            <th>{t('operations.state.every')}</th>
            <th>{t('operations.state.last')}</th>
            <th>{t('operations.state.how')}</th>
          </tr>
        </thead>
        <tbody>
          {state.jobs.map((one) => (
            <tr key={one.name}>
              <td data-label={t('operations.state.job')}><span>{jobName(one.name)}</span></td>
              <td data-label={t('operations.state.every')} className="q-num"><span>{one.everyMs < 1000 ? t('operations.state.ms', { count: one.everyMs }) : formatDuration(one.everyMs)}</span></td>
              <td data-label={t('operations.state.last')} className="q-num"><span>{one.ended ? t('operations.state.last_value', { time: formatDateTime(one.ended), took: formatNumber(one.tookMs, 0) }) : '–'}</span></td>
              <td data-label={t('operations.state.how')}>
                <span className={`q-chip ${one.failed ? 'q-chip-critical' : one.ended ? 'q-chip-ok' : ''}`}>{t(one.failed ? 'operations.state.failed' : one.ended ? 'operations.state.good' : 'operations.state.not_yet')}</span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      </div>
      {state.jobs.some((one) => one.failed) && <p className="q-small q-dim">{t('operations.state.failed_help')}</p>}
      <h3>{t('operations.state.timers')}</h3>
      {state.timers.length === 0 && <p className="q-dim">{t('operations.state.no_timers')}</p>}
      <ul className="q-list q-stack-tight">
        {state.timers.map((one) => (
          <li key={one.name} className="q-between">
            <span>{jobName(one.name)}</span>
            <span className="q-row">
              <span className="q-num">{t('operations.state.waiting', { count: one.waiting, time: formatDateTime(one.next) })}</span>
              {one.failing > 0 && <span className="q-chip q-chip-warning">{t('operations.state.failing', { count: one.failing })}</span>}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Deadlines({ pack }: { pack: CentreState['pack'] }) {
  const t = useText();
  return (
    <section className="q-card q-stack">
      <div>
        <h2>{t('operations.state.deadlines')}</h2>
        <p className="q-small q-dim">{t('operations.state.deadlines_help', { pack: pack.name })}</p>
      </div>
      <div className="q-scroll-x" tabIndex={0} role="region" aria-label={t('operations.state.deadlines')}>
      <table className="q-table q-table-cards">
        <thead>
          <tr>
            <th>{t('operations.state.clock')}</th>
            <th>{t('operations.state.limit')}</th>
            <th>{t('operations.state.valid_from')}</th>
            <th>{t('operations.state.source')}</th>
          </tr>
        </thead>
        <tbody>
          {pack.deadlines.map((row) => (
            <tr key={`${row.machine}.${row.clock}.${row.validFrom}`}>
              <td data-label={t('operations.state.clock')}><span>{textOr(`${row.machine}.clock.${row.clock}`, `${row.machine} · ${row.clock}`)}</span></td>
              <td data-label={t('operations.state.limit')} className="q-num"><span>{t(`operations.state.limit.${row.kind}`, { time: formatDuration(row.minutes * kMinuteMs) })}</span></td>
              <td data-label={t('operations.state.valid_from')} className="q-num">
                <span>
                  {formatDate(row.validFrom)} {!row.holds && <span className="q-chip q-chip-info">{t('operations.state.not_yet_valid')}</span>}
                </span>
              </td>
              <td data-label={t('operations.state.source')} className="q-small"><span>{row.source}</span></td>
            </tr>
          ))}
        </tbody>
      </table>
      </div>
    </section>
  );
}
