/** Who is told of what: every subscription with its state and its backlog, and what its owner or the operator does with it. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useEffect, useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import {
  checkCriteria,
  createSubscription,
  pauseSubscription,
  readSubscriptions,
  removeSubscription,
  resumeSubscription,
  testSubscription,
  type NewSubscription,
  type SubscriptionRow,
  type Tested,
} from '../../api/subscriptions';
import { textOr, useText } from '../../app/i18n';
import { developsWithRecord, mayKeepNodes } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { Dialog } from '../../ui/dialog';
import { formatDateTime, formatNumber } from '../../ui/format';
import { RecordError, RecordFrame, useActingClient } from './frame';
import { useOneAct } from './one_act';

const kLookMs = 2000;
const kExampleCriteria = 'Observation?code=http://loinc.org|8867-4';
const kTones = { requested: 'q-chip-info', active: 'q-chip-ok', error: 'q-chip-critical', off: '' } as const;

export default function SubscriptionsPage() {
  const t = useText();
  const develops = developsWithRecord(useSession());
  useTitle(`${t('fhir.subs')} · ${t('app.nav.record')}`);
  return (
    <RecordFrame title={t('fhir.subs')} always>
      {develops ? <List /> : <EmptyCard title={t('error.access.not_yours')} />}
    </RecordFrame>
  );
}

function List() {
  const t = useText();
  const client = useActingClient();
  const query = useQuery(`fhir:subscriptions:${client?.id ?? ''}`, readSubscriptions);
  const [making, setMaking] = useState(false);
  const { reload } = query;
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') reload();
    }, kLookMs);
    return () => clearInterval(timer);
  }, [reload]);
  return (
    <>
      <div className="q-between">
        <p className="q-dim">{t('fhir.subs.help')}</p>
        <Button disabled={!client} onClick={() => setMaking(true)}>
          {t('fhir.subs.new')}
        </Button>
      </div>
      {!client && <p className="q-note">{t('fhir.subs.no_client')}</p>}
      <Answered query={query}>
        {(data) =>
          data.subscriptions.length === 0 ? (
            <EmptyCard title={t('fhir.subs.none')}>{t('fhir.subs.none_help')}</EmptyCard>
          ) : (
            <ul className="q-list q-stack" data-subscriptions={data.subscriptions.length}>
              {data.subscriptions.map((one) => (
                <li key={one.id}>
                  <Card one={one} onDone={reload} />
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
      {making && (
        <Dialog title={t('fhir.subs.new')} onClose={() => setMaking(false)} wide>
          <Form
            onDone={() => {
              setMaking(false);
              reload();
            }}
          />
        </Dialog>
      )}
    </>
  );
}

function Card({ one, onDone }: { one: SubscriptionRow; onDone: () => void }) {
  const t = useText();
  const governs = one.mine || mayKeepNodes(useSession());
  const client = useActingClient();
  const mayTurn = one.mine || (governs && !client);
  const { busy, error, run } = useOneAct(onDone);
  const [tested, setTested] = useState<Tested>();
  const [asking, setAsking] = useState(false);
  const act = (name: string, work: () => Promise<unknown>) => {
    setTested(undefined);
    void run(name, work);
  };
  const failing = one.failure !== '' && one.status !== 'off';
  const facts: [string, string][] = [
    ['owner', one.owner],
    ['channel', `${t(`fhir.subs.channel.${one.channel}`)} · ${t(`fhir.subs.content.${one.content}`)}`],
    ...(one.endpoint ? ([['endpoint', one.endpoint]] as [string, string][]) : []),
    ['events', formatNumber(one.events, 0)],
    ['last', one.lastDelivery ? formatDateTime(one.lastDelivery) : t('fhir.subs.never')],
    ...(failing ? ([['since', one.failingSince ? formatDateTime(one.failingSince) : '–']] as [string, string][]) : []),
    ...(failing && one.nextAttempt ? ([['next', t('fhir.subs.attempt', { time: formatDateTime(one.nextAttempt), number: one.attempts + 1 })]] as [string, string][]) : []),
    ...(one.end ? ([['end', formatDateTime(one.end)]] as [string, string][]) : []),
  ];
  return (
    <section className="q-card q-stack-tight" aria-label={one.criteria} data-id={one.id} data-status={one.status} data-backlog={one.backlog}>
      <div className="q-between">
        <h2 className="rec-mono">
          {one.readable ? <Link to={`/app/record/Subscription/${one.id}`}>{one.criteria}</Link> : one.criteria}
        </h2>
        <span className="q-row">
          <span className={`q-chip ${one.backlog > 0 ? 'q-chip-warning' : ''}`}>{t('fhir.subs.backlog', { count: one.backlog, number: formatNumber(one.backlog, 0) })}</span>
          <span className={`q-chip ${kTones[one.status]}`}>{t(`fhir.subs.status.${one.status}`)}</span>
        </span>
      </div>
      <dl className="sub-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{t(`fhir.subs.${name}`)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {failing && <p className={`q-note ${one.status === 'error' ? 'q-note-critical' : 'q-note-warning'}`}>{failureText(one.failure)}</p>}
      {tested && (
        <p role="status" className={`q-note ${tested.arrived ? '' : 'q-note-warning'}`} data-tested={tested.arrived}>
          {tested.arrived ? t('fhir.subs.test_good', { status: tested.status }) : failureText(tested.failure)}
        </p>
      )}
      {error !== undefined && <RecordError error={error} />}
      {mayTurn && (
        <div className="q-actions">
          {one.channel === 'rest-hook' && (
            <Button size="compact-md" variant="default" loading={busy === 'test'} onClick={() => act('test', async () => setTested(await testSubscription(one.id)))}>
              {t('fhir.subs.test')}
            </Button>
          )}
          {one.status === 'off' ? (
            <Button size="compact-md" variant="default" loading={busy === 'turn'} onClick={() => act('turn', () => resumeSubscription(one.id))}>
              {t('fhir.subs.resume')}
            </Button>
          ) : (
            <Button size="compact-md" variant="default" loading={busy === 'turn'} onClick={() => act('turn', () => pauseSubscription(one.id))}>
              {t('fhir.subs.pause')}
            </Button>
          )}
          {one.mine && (
            <Button size="compact-md" variant="default" color="red" onClick={() => setAsking(true)}>
              {t('fhir.subs.remove')}
            </Button>
          )}
        </div>
      )}
      {asking && (
        <Dialog title={t('fhir.subs.remove')} onClose={() => setAsking(false)}>
          <div className="q-stack">
            <p className="rec-mono">{one.criteria}</p>
            <p>{t('fhir.subs.remove_help', { count: one.backlog, number: formatNumber(one.backlog, 0) })}</p>
            <div className="q-actions">
              <Button
                color="red"
                onClick={() => {
                  setAsking(false);
                  act('remove', () => removeSubscription(one.id));
                }}
              >
                {t('fhir.subs.remove')}
              </Button>
              <Button variant="default" onClick={() => setAsking(false)}>
                {t('app.cancel')}
              </Button>
            </div>
          </div>
        </Dialog>
      )}
    </section>
  );
}

const failureText = (failure: string) => {
  const status = failure.startsWith('http_') ? failure.slice(5) : '';
  return textOr(`fhir.subs.failure.${status ? 'http' : failure}`, failure, { status });
};

const kEmpty: NewSubscription = { criteria: '', reason: '', channel: 'rest-hook', endpoint: '', content: 'id-only', header: '' };

function Form({ onDone }: { onDone: () => void }) {
  const t = useText();
  const [one, setOne] = useState(kEmpty);
  const [checked, setChecked] = useState('');
  const { busy, error, run } = useOneAct(onDone);
  const set = (part: Partial<NewSubscription>) => setOne((before) => ({ ...before, ...part }));
  const hook = one.channel === 'rest-hook';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void run('make', () => createSubscription(one));
  };
  const contents = (hook ? ['none', 'resource', 'empty', 'id-only', 'full-resource'] : ['none', 'empty', 'id-only', 'full-resource']) as NewSubscription['content'][];
  return (
    <form className="q-stack" onSubmit={submit}>
      <div className="rec-address">
        <TextInput
          className="q-grow"
          classNames={{ input: 'rec-mono' }}
          label={t('fhir.subs.criteria')}
          description={t('fhir.subs.criteria_help')}
          placeholder={kExampleCriteria}
          required
          maxLength={8000}
          autoComplete="off"
          spellCheck={false}
          value={one.criteria}
          onChange={(event) => set({ criteria: event.currentTarget.value })}
        />
        <Button variant="default" loading={busy === 'check'} disabled={!one.criteria} onClick={() => void run('check', () => checkCriteria(one.criteria), () => setChecked(one.criteria))}>
          {t('fhir.subs.check')}
        </Button>
      </div>
      {checked !== '' && checked === one.criteria && error === undefined && (
        <p role="status">
          {t('fhir.subs.check_good')}
        </p>
      )}
      <TextInput label={t('fhir.subs.reason')} required maxLength={500} value={one.reason} onChange={(event) => set({ reason: event.currentTarget.value })} />
      <Choice
        label={t('fhir.subs.channel')}
        value={one.channel}
        options={(['rest-hook', 'websocket'] as const).map((value) => ({ value, label: t(`fhir.subs.channel.${value}`) }))}
        onChange={(channel) => set({ channel, ...(channel === 'websocket' && one.content === 'resource' ? { content: 'none' } : {}) })}
      />
      {hook && (
        <>
          <TextInput label={t('fhir.subs.endpoint')} description={t('fhir.subs.endpoint_help')} type="url" required maxLength={2000} value={one.endpoint} onChange={(event) => set({ endpoint: event.currentTarget.value })} />
          <PasswordInput label={t('fhir.subs.header')} description={t('fhir.subs.header_help')} autoComplete="off" maxLength={4000} value={one.header} onChange={(event) => set({ header: event.currentTarget.value })} visibilityToggleButtonProps={{ 'aria-label': t('app.show_password') }} />
        </>
      )}
      <Choice label={t('fhir.subs.content')} value={one.content} options={contents.map((value) => ({ value, label: t(`fhir.subs.content.${value}`), detail: t(`fhir.subs.content_help.${value}`) }))} onChange={(content) => set({ content })} />
      {error !== undefined && <RecordError error={error} />}
      <div className="q-actions">
        <Button type="submit" loading={busy === 'make'}>
          {t('fhir.subs.make')}
        </Button>
      </div>
    </form>
  );
}
