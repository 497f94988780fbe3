/** Scanners and other DICOM devices: who may call, what each did last, who was refused and what to do about it. */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { readDevices, type Device, type Devices } from '../../api/devices';
import { useText } from '../../app/i18n';
import { mayKeepNodes } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { Icon } from '../../ui/icons';
import { DeviceDialog, RemoveDialog } from './device_dialog';
import { DeviceList, Refusals } from './device_list';

const kRefreshMs = 10_000;

type Open = { what: 'add'; known?: { title: string; address: string } } | { what: 'change' | 'remove'; device: Device } | undefined;

export default function DevicesPage() {
  const t = useText();
  const session = useSession();
  const keeps = mayKeepNodes(session);
  useTitle(t('app.nav.devices'));
  const query = useQuery(keeps ? 'devices' : undefined, readDevices);
  const [open, setOpen] = useState<Open>();
  const { reload } = query;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), kRefreshMs);
    return () => clearInterval(timer);
  }, [reload]);
  if (!keeps) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  const close = () => setOpen(undefined);
  const done = () => (close(), reload());
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{t('app.nav.devices')}</h1>
        <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen({ what: 'add' })}>
          {t('devices.add')}
        </Button>
      </div>
      <Answered query={query}>
        {(all) => {
          const behind = all.devices.filter((device) => device.gateway !== '').length;
          const data = { ...all, devices: all.devices.filter((device) => device.gateway === '') };
          return (
          <>
            <Own own={data.own} />
            <p className="q-dim">
              {t('gateways.behind', { count: behind })} <Link to="/app/imaging/gateways">{t('gateways.see')}</Link>
            </p>
            <section className="q-stack" aria-labelledby="devices-listed">
              <h2 id="devices-listed">{t('devices.listed')}</h2>
              {data.devices.length === 0 ? (
                <EmptyCard title={t('devices.none')}>{t('devices.none_help')}</EmptyCard>
              ) : (
                <DeviceList data={data} onChange={(device) => setOpen({ what: 'change', device })} onRemove={(device) => setOpen({ what: 'remove', device })} />
              )}
            </section>
            <Refusals data={data} onAdd={(known) => setOpen({ what: 'add', known })} />
          </>
          );
        }}
      </Answered>
      {open?.what === 'add' && <DeviceDialog {...(open.known ? { known: open.known } : {})} onClose={close} onDone={done} />}
      {open?.what === 'change' && <DeviceDialog device={open.device} onClose={close} onDone={done} />}
      {open?.what === 'remove' && <RemoveDialog device={open.device} onClose={close} onDone={done} />}
    </div>
  );
}

/** What has to be entered at the device. */
function Own({ own }: { own: Devices['own'] }) {
  const t = useText();
  const closed = own.address.startsWith('127.') || own.address === '::1';
  return (
    <section className="q-card q-stack-tight">
      <h2>{t('devices.own')}</h2>
      <dl className="q-facts">
        <dt>{t('devices.own_title')}</dt>
        <dd className="q-strong">{own.title}</dd>
        <dt>{t('devices.own_port')}</dt>
        <dd className="q-strong q-num">{own.port}</dd>
        <dt>{t('devices.own_address')}</dt>
        <dd className="q-num">{own.address}</dd>
      </dl>
      {closed && <p className="q-small q-dim">{t('devices.own_closed', { option: `--dicom ADDRESS:${own.port}` })}</p>}
    </section>
  );
}
