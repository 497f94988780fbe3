/** The gateways of the network: which are connected, what waits in them, what somebody has to look at. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { addGateway, readGateways, type Gateway, type MadeGateway } from '../../api/gateways';
import { readOrganisations } from '../../api/people';
import { useText } from '../../app/i18n';
import { mayKeepNodes } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Act } from '../../ui/act_dialog';
import { Answered, EmptyCard } from '../../ui/cards';
import { nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { usePhone } from '../../ui/use_phone';
import { CodeDialog, speedText, StateChip, useQueueText, useStateText } from './gateway_bits';

const kRefreshMs = 10_000;
const kFilterFrom = 9;

export default function GatewaysPage() {
  const t = useText();
  const session = useSession();
  const keeps = mayKeepNodes(session);
  useTitle(t('app.nav.gateways'));
  const query = useQuery(keeps ? 'gateways' : undefined, readGateways);
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<MadeGateway>();
  const { reload } = query;
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), kRefreshMs);
    return () => clearInterval(timer);
  }, [reload]);
  if (!keeps) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{t('app.nav.gateways')}</h1>
        <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setAdding(true)}>
          {t('gateways.add')}
        </Button>
      </div>
      <p className="q-dim">{t('gateways.about')}</p>
      <Answered query={query}>{(all) => (all.length === 0 ? <EmptyCard title={t('gateways.none')}>{t('gateways.none_help')}</EmptyCard> : <List all={all} />)}</Answered>
      {adding && (
        <AddDialog
          onClose={() => setAdding(false)}
          onMade={(one) => {
            setAdding(false);
            setMade(one);
            reload();
          }}
        />
      )}
      {made && <CodeDialog made={made} onClose={() => setMade(undefined)} />}
    </div>
  );
}

function List({ all }: { all: Gateway[] }) {
  const t = useText();
  const phone = usePhone();
  const stateText = useStateText();
  const queueText = useQueueText();
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const shown = all.filter((one) => wanted === '' || `${one.name} ${one.organisation?.name ?? ''} ${one.organisation?.nameEn ?? ''}`.toLowerCase().includes(wanted));
  const name = (one: Gateway) => (
    <>
      <span className="q-strong">
        <Link to={`/app/imaging/gateways/${one.id}`}>{one.name}</Link>
      </span>
      <div className="q-dim">{one.organisation && nameIn(one.organisation)}</div>
    </>
  );
  const state = (one: Gateway) => (
    <>
      <StateChip gateway={one} />
      <div className="q-small">{stateText(one)}</div>
    </>
  );
  const live = (one: Gateway) => one.state !== 'waiting' && one.state !== 'ended' && one.lastReport !== null;
  return (
    <>
      {all.length >= kFilterFrom && <TextInput aria-label={t('gateways.filter')} placeholder={t('gateways.filter')} value={filter} onChange={(event) => setFilter(event.currentTarget.value)} />}
      {shown.length === 0 && <EmptyCard title={t('gateways.none_found')} />}
      {phone ? (
        <ul className="q-list q-stack">
          {shown.map((one) => (
            <li key={one.id} className="q-card q-stack-tight">
              <div>{name(one)}</div>
              <div>{state(one)}</div>
              {live(one) && (
                <div className="q-small q-dim">
                  {queueText(one)} · {speedText(one.report.bytesPerSecond ?? 0)}
                </div>
              )}
            </li>
          ))}
        </ul>
      ) : (
        shown.length > 0 && (
          <div className="q-card q-card-flush q-scroll-x">
            <table className="q-table">
              <thead>
                <tr>
                  <th>{t('gateways.gateway')}</th>
                  <th>{t('gateways.state_head')}</th>
                  <th>{t('gateways.queue')}</th>
                  <th>{t('gateways.speed')}</th>
                  <th>{t('gateways.version')}</th>
                </tr>
              </thead>
              <tbody>
                {shown.map((one) => (
                  <tr key={one.id}>
                    <td>{name(one)}</td>
                    <td>{state(one)}</td>
                    <td>{live(one) && queueText(one)}</td>
                    <td className="q-num">{live(one) && speedText(one.report.bytesPerSecond ?? 0)}</td>
                    <td className="q-num">{one.report.version}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )
      )}
    </>
  );
}

function AddDialog({ onClose, onMade }: { onClose: () => void; onMade: (made: MadeGateway) => void }) {
  const t = useText();
  const organisations = useQuery('organisations', readOrganisations);
  const [name, setName] = useState('');
  const [organisation, setOrganisation] = useState('');
  return (
    <Act title={t('gateways.add')} submit={t('gateways.make_code')} run={() => addGateway({ name, organisation }).then(onMade)} onClose={onClose} onDone={() => undefined}>
      <p className="q-dim">{t('gateways.add_explain')}</p>
      <Answered query={organisations}>
        {(all) => (
          <NativeSelect label={t('devices.organisation')} description={t('gateways.organisation_help')} required value={organisation} onChange={(event) => setOrganisation(event.currentTarget.value)} data={[{ value: '', label: t('devices.choose') }, ...all.map((one) => ({ value: one.resource, label: nameIn(one) }))]} />
        )}
      </Answered>
      <TextInput label={t('gateways.name')} description={t('gateways.name_help')} required maxLength={60} value={name} onChange={(event) => setName(event.currentTarget.value)} autoComplete="off" />
    </Act>
  );
}
