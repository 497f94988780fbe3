/** Devices with their state and acts, and who was refused lately: for those that call the centre and those behind a gateway. */
import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { testDevice, type Device, type Refusal } from '../../api/devices';
import { useText } from '../../app/i18n';
import { EmptyCard, errorText } from '../../ui/cards';
import { formatDateTime, formatNumber, nameIn } from '../../ui/format';
import { usePhone } from '../../ui/use_phone';

export interface Listed {
  devices: Device[];
  refusals: Refusal[];
}

const refusalsOf = (data: Listed, device: Device) => data.refusals.filter((one) => !device.demo && one.calling === device.title && (one.address === device.address || one.code === 'unknown_caller'));

export function DeviceList({ data, onChange, onRemove }: { data: Listed; onChange: (device: Device) => void; onRemove: (device: Device) => void }) {
  const t = useText();
  const phone = usePhone();
  const parts = (device: Device) => ({
    name: (
      <>
        <span className="q-strong">{device.demo ? t('devices.any_title') : device.title}</span>{' '}
        {device.demo && <span className="q-chip q-chip-demo">{t('devices.demo')}</span>}
        <div className="q-num q-dim">{device.demo ? t('devices.any_local') : `${device.address}${device.port ? `:${device.port}` : ''}`}</div>
        {!device.local && <span className="q-chip q-chip-warning" title={t('devices.plain_help')}>{t('devices.plain')}</span>}
      </>
    ),
    whose: (
      <>
        {device.organisation ? nameIn(device.organisation) : <span className="q-chip q-chip-critical">{t('devices.nobody')}</span>}
        <div className="q-small q-dim">{[device.charset, device.issuer].filter(Boolean).join(' · ')}</div>
        {!device.mayStore && <span className="q-chip">{t('devices.no_store')}</span>}
        {device.first && <span className="q-chip q-chip-info">{t('gateways.first_chip')}</span>}
      </>
    ),
    state: (
      <dl className="q-facts q-small">
        <dt>{t('devices.last_association')}</dt>
        <dd>{device.lastAssociation ? formatDateTime(device.lastAssociation) : t('devices.never')}</dd>
        <dt>{t('devices.last_object')}</dt>
        <dd>{device.lastObject ? formatDateTime(device.lastObject) : t('devices.never')}</dd>
        <dt>{t('devices.objects')}</dt>
        <dd className="q-num">{formatNumber(device.objects)}</dd>
        {refusalsOf(data, device).slice(0, 1).map((one) => (
          <LastRefusal key={one.at} refusal={one} />
        ))}
      </dl>
    ),
    acts: !device.demo && <Acts device={device} onChange={() => onChange(device)} onRemove={() => onRemove(device)} />,
  });
  if (phone) {
    return (
      <ul className="q-list q-stack">
        {data.devices.map((device) => {
          const { name, whose, state, acts } = parts(device);
          return (
            <li key={device.id} className="q-card q-stack">
              <div>{name}</div>
              <div>{whose}</div>
              {state}
              {acts}
            </li>
          );
        })}
      </ul>
    );
  }
  const head = (...texts: ReactNode[]) => texts.map((text, index) => <th key={index}>{text}</th>);
  return (
    <div className="q-card q-card-flush q-scroll-x">
      <table className="q-table">
        <thead>
          <tr>{head(t('devices.device'), t('devices.organisation'), t('devices.state'), <span className="q-visually-hidden">{t('devices.acts')}</span>)}</tr>
        </thead>
        <tbody>
          {data.devices.map((device) => {
            const { name, whose, state, acts } = parts(device);
            return (
              <tr key={device.id}>
                <td>{name}</td>
                <td>{whose}</td>
                <td>{state}</td>
                <td>{acts}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function LastRefusal({ refusal }: { refusal: Refusal }) {
  const t = useText();
  return (
    <>
      <dt className="q-critical">{t('devices.last_refusal')}</dt>
      <dd className="q-critical">
        {formatDateTime(refusal.at)} · {t(`devices.reason.${refusal.code}`, { reason: refusal.reason, called: refusal.called })}
      </dd>
    </>
  );
}

function Acts({ device, onChange, onRemove }: { device: Device; onChange: () => void; onRemove: () => void }) {
  const t = useText();
  const [testing, setTesting] = useState(false);
  const [result, setResult] = useState<{ fine: boolean; text: string }>();
  const test = () => {
    if (device.port === 0) return setResult({ fine: false, text: t('error.imaging.no_port') });
    setTesting(true);
    setResult(undefined);
    testDevice(device.id)
      .then(({ milliseconds }) => setResult({ fine: true, text: t('devices.test_fine', { ms: milliseconds }) }), (error: unknown) => setResult({ fine: false, text: errorText(error) }))
      .finally(() => setTesting(false));
  };
  return (
    <div className="q-stack-tight">
      <div className="q-actions">
        <Button size="compact-sm" variant="default" loading={testing} title={t('devices.test_help')} onClick={test}>
          {t('devices.test')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={onChange}>
          {t('devices.edit')}
        </Button>
        <Button size="compact-sm" variant="default" onClick={onRemove}>
          {t('devices.remove')}
        </Button>
      </div>
      <p role="status" className={`q-small ${result?.fine === false ? 'q-critical' : 'q-ok'}`}>
        {result?.text}
      </p>
    </div>
  );
}

export function Refusals({ data, onAdd }: { data: Listed; onAdd: (known: { title: string; address: string }) => void }) {
  const t = useText();
  return (
    <section className="q-stack" aria-labelledby="devices-refused">
      <h2 id="devices-refused">{t('devices.refused')}</h2>
      {data.refusals.length === 0 && <EmptyCard title={t('devices.none_refused')} />}
      {data.refusals.length > 0 && (
        <div className="q-card">
          <ul className="q-list q-stack">
            {data.refusals.map((one, index) => (
              <li key={index} className="q-between">
                <RefusalLine refusal={one} elsewhere={data.devices.find((device) => !device.demo && device.title === one.calling && device.address !== one.address)} />
                {one.code === 'unknown_caller' && !data.devices.some((device) => device.title === one.calling && device.address === one.address) && (
                  <Button size="compact-sm" variant="default" onClick={() => onAdd({ title: one.calling, address: one.address })}>
                    {t('devices.let_in')}
                  </Button>
                )}
              </li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function RefusalLine({ refusal, elsewhere }: { refusal: Refusal; elsewhere: Device | undefined }) {
  const t = useText();
  const moved = refusal.code === 'unknown_caller' && elsewhere;
  return (
    <div className="q-stack-tight q-grow">
      <div>
        <span className="q-strong">{refusal.calling || t('devices.no_title')}</span> <span className="q-num q-dim">{refusal.address}</span> <span className="q-chip">{t(`devices.kind.${refusal.kind}`)}</span>{' '}
        <span className="q-small q-dim">
          {formatDateTime(refusal.at)}
          {refusal.count > 1 && ` · ${t('devices.times', { count: refusal.count })}`}
        </span>
      </div>
      <div className="q-critical">{t(`devices.reason.${refusal.code}`, { reason: refusal.reason, called: refusal.called })}</div>
      <div className="q-small">{moved ? t('devices.remedy.moved', { address: elsewhere.address }) : t(`devices.remedy.${refusal.code}`)}</div>
    </div>
  );
}
