/** One gateway: how it is, the devices in its network, who was turned away there, what the centre refused. */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link, useParams } from 'react-router';
import { useQuery } from '../../api/cache';
import type { Device } from '../../api/devices';
import { endGateway, readGateway, renewGatewayCode, retryRefused, type GatewayDetail, type MadeGateway } from '../../api/gateways';
import { useText } from '../../app/i18n';
import { mayKeepNodes } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Act } from '../../ui/act_dialog';
import { Answered, EmptyCard, ErrorCard } from '../../ui/cards';
import { formatBytes, formatDateTime, formatDuration, formatNumber, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { DeviceDialog, RemoveDialog } from './device_dialog';
import { DeviceList, Refusals } from './device_list';
import { CodeDialog, problemText, speedText, StateChip, useQueueText, useStateText } from './gateway_bits';

const kRefreshMs = 5_000;
const kClockMs = 30_000;

type Open = { what: 'add'; known?: { title: string; address: string } } | { what: 'change' | 'remove'; device: Device } | { what: 'code' | 'end' } | undefined;

export default function GatewayPage() {
  const t = useText();
  const session = useSession();
  const keeps = mayKeepNodes(session);
  const { id = '' } = useParams();
  const query = useQuery(keeps ? `gateway:${id}` : undefined, (signal) => readGateway(id, signal));
  useTitle(query.data?.name ?? t('app.nav.gateways'));
  const { reload } = query;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), kRefreshMs);
    return () => clearInterval(timer);
  }, [reload]);
  if (!keeps) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <p>
        <Link to="/app/imaging/gateways">
          <Icon name="back" size={16} /> {t('app.nav.gateways')}
        </Link>
      </p>
      <Answered query={query}>{(gateway) => <Whole gateway={gateway} reload={reload} />}</Answered>
    </div>
  );
}

function Whole({ gateway, reload }: { gateway: GatewayDetail; reload: () => void }) {
  const t = useText();
  const [open, setOpen] = useState<Open>();
  const [made, setMade] = useState<MadeGateway>();
  const close = () => setOpen(undefined);
  const done = () => (close(), reload());
  const behind = { id: gateway.id, name: gateway.name, organisation: gateway.organisation?.resource ?? '' };
  const ended = gateway.state === 'ended';
  const listed = { devices: gateway.devices, refusals: gateway.report.callers ?? [] };
  return (
    <>
      <div className="q-between">
        <h1>{gateway.name}</h1>
        {!ended && (
          <div className="q-actions">
            <Button variant="default" onClick={() => setOpen({ what: 'code' })}>
              {t('gateways.new_code')}
            </Button>
            <Button variant="default" onClick={() => setOpen({ what: 'end' })}>
              {t('gateways.end')}
            </Button>
          </div>
        )}
      </div>
      <State gateway={gateway} />
      <Refused gateway={gateway} reload={reload} />
      {!ended && (
        <section className="q-stack" aria-labelledby="gateway-devices">
          <div className="q-between">
            <h2 id="gateway-devices">{t('gateways.devices')}</h2>
            <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen({ what: 'add' })}>
              {t('devices.add')}
            </Button>
          </div>
          {gateway.devices.length === 0 ? (
            <EmptyCard title={t('devices.none')}>{t('gateways.no_device_help')}</EmptyCard>
          ) : (
            <DeviceList data={listed} onChange={(device) => setOpen({ what: 'change', device })} onRemove={(device) => setOpen({ what: 'remove', device })} />
          )}
        </section>
      )}
      {!ended && <Refusals data={listed} onAdd={(known) => setOpen({ what: 'add', known })} />}
      {open?.what === 'add' && <DeviceDialog gateway={behind} {...(open.known ? { known: open.known } : {})} onClose={close} onDone={done} />}
      {open?.what === 'change' && <DeviceDialog gateway={behind} device={open.device} onClose={close} onDone={done} />}
      {open?.what === 'remove' && <RemoveDialog device={open.device} onClose={close} onDone={done} />}
      {open?.what === 'code' && (
        <Act title={t('gateways.new_code')} submit={t('gateways.make_code')} run={() => renewGatewayCode(gateway.id).then(setMade)} onClose={close} onDone={done}>
          <p>{t(gateway.enrolled ? 'gateways.new_code_explain' : 'gateways.first_code_explain')}</p>
        </Act>
      )}
      {open?.what === 'end' && (
        <Act title={t('gateways.end')} submit={t('gateways.end')} danger run={() => endGateway(gateway.id)} onClose={close} onDone={done}>
          <p>{t('gateways.end_explain', { name: gateway.name })}</p>
          {(gateway.report.queueObjects ?? 0) > 0 && <p className="q-note q-note-warning">{t('gateways.end_queue', { count: gateway.report.queueObjects })}</p>}
        </Act>
      )}
      {made && <CodeDialog made={made} onClose={() => setMade(undefined)} />}
    </>
  );
}

function State({ gateway }: { gateway: GatewayDetail }) {
  const t = useText();
  const stateText = useStateText();
  const queueText = useQueueText();
  const { report } = gateway;
  const clock = Math.abs(gateway.clockOffsetMs);
  const remedy = gateway.state === 'lost' || gateway.state === 'offline' || gateway.state === 'waiting' || report.full;
  return (
    <section className="q-card q-stack">
      <div className="q-between">
        <div>
          <StateChip gateway={gateway} /> {stateText(gateway)}
        </div>
      </div>
      {remedy && <p className={`q-note ${gateway.state === 'waiting' ? 'q-note-info' : 'q-note-warning'}`}>{t(report.full ? 'gateways.remedy.full' : `gateways.remedy.${gateway.state}`)}</p>}
      {gateway.lastReport && clock > kClockMs && <p className="q-note q-note-warning">{t(gateway.clockOffsetMs > 0 ? 'gateways.clock_ahead' : 'gateways.clock_behind', { time: formatDuration(clock) })}</p>}
      <dl className="q-facts">
        <dt>{t('devices.organisation')}</dt>
        <dd>{gateway.organisation && nameIn(gateway.organisation)}</dd>
        {gateway.lastReport && (
          <>
            <dt>{t('gateways.last_report')}</dt>
            <dd>{formatDateTime(gateway.lastReport)}</dd>
            <dt>{t('gateways.queue')}</dt>
            <dd className="q-strong">{queueText(gateway)}</dd>
            <dt>{t('gateways.speed')}</dt>
            <dd className="q-num">{speedText(report.bytesPerSecond ?? 0)}</dd>
            <dt>{t('gateways.sent')}</dt>
            <dd>{t('gateways.sent_value', { count: report.sentObjects ?? 0, size: formatBytes(report.sentBytes ?? 0), time: report.started ? formatDateTime(report.started) : '' })}</dd>
            <dt>{t('gateways.last_object')}</dt>
            <dd>{report.lastObject ? formatDateTime(report.lastObject) : t('devices.never')}</dd>
            <dt>{t('gateways.last_error')}</dt>
            <dd>{report.lastError ? `${problemText(report.lastError.code)} · ${formatDateTime(report.lastError.at)}` : t('gateways.no_error')}</dd>
            <dt>{t('gateways.disk')}</dt>
            <dd className="q-num">{formatNumber(report.diskPercent ?? 0, 0)} %</dd>
            <dt>{t('gateways.version')}</dt>
            <dd className="q-num">{report.version}</dd>
          </>
        )}
        <dt>{t('gateways.enrolled')}</dt>
        <dd>{gateway.enrolled ? formatDateTime(gateway.enrolled) : t('devices.never')}</dd>
      </dl>
    </section>
  );
}

function Refused({ gateway, reload }: { gateway: GatewayDetail; reload: () => void }) {
  const t = useText();
  const [asked, setAsked] = useState(false);
  const [error, setError] = useState<unknown>();
  const refused = gateway.report.refused ?? [];
  if (refused.length === 0) return null;
  const retry = () => {
    setError(undefined);
    retryRefused(gateway.id).then(() => (setAsked(true), reload()), setError);
  };
  return (
    <section className="q-card q-stack" aria-labelledby="gateway-refused">
      <div className="q-between">
        <h2 id="gateway-refused">{t('gateways.refused', { count: gateway.report.refusedCount ?? refused.length })}</h2>
        <Button variant="default" onClick={retry} disabled={asked}>
          {t(asked ? 'gateways.retry_asked' : 'gateways.retry')}
        </Button>
      </div>
      <p className="q-dim">{t('gateways.refused_help')}</p>
      {error !== undefined && <ErrorCard error={error} />}
      <ul className="q-list q-stack">
        {refused.map((one) => (
          <li key={one.digest}>
            <div>
              <span className="q-strong">{one.title}</span> <span className="q-small q-dim">{formatDateTime(one.at)} · {formatBytes(one.bytes)}</span>
            </div>
            <div className="q-critical">{t(`devices.reason.${one.code}`, { reason: one.reason })}</div>
            <div className="q-small">{t(`devices.remedy.${one.code}`)}</div>
            <code className="q-small q-pre">{one.digest}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
