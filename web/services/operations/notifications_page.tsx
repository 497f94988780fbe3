/** How notices leave the screen: which ways out are configured, whether they work, what waits, and a test to oneself. */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { readNotifications, sendTest, type Channel, type ChannelState, type Notifications, type NoticeStep } from '../../api/notify';
import { textOr, useText } from '../../app/i18n';
import { mayKeepNodes } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard, ErrorCard } from '../../ui/cards';
import { formatDateTime, nameIn } from '../../ui/format';
import { togetherTold, toldReason, toldText } from '../cases/told';

const kLookEveryMs = 5000;

export default function NotificationsPage() {
  const t = useText();
  const may = mayKeepNodes(useSession());
  useTitle(t('app.nav.notifications'));
  const query = useQuery(may ? 'notifications' : undefined, readNotifications);
  const { reload } = query;
  useEffect(() => {
    if (!may) return undefined;
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), kLookEveryMs);
    return () => clearInterval(timer);
  }, [may, reload]);
  if (!may) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <h1>{t('app.nav.notifications')}</h1>
      <p className="q-dim">{t('notify.explain')}</p>
      <Answered query={query}>{(all) => <Overview all={all} reload={reload} />}</Answered>
    </div>
  );
}

function Overview({ all, reload }: { all: Notifications; reload: () => void }) {
  const t = useText();
  const none = all.channels.every((one) => !one.configured);
  return (
    <>
      {none && (
        <EmptyCard title={t('notify.none')}>
          <p>{t('notify.none_help')}</p>
          <pre className="q-pre q-small">{t('notify.example')}</pre>
          <p>{t('notify.none_where')}</p>
        </EmptyCard>
      )}
      <div className="n-channels">
        {all.channels.map((one) => (
          <ChannelCard key={one.channel} state={one} last={all.tests.find((step) => step.channel === one.channel)} reload={reload} />
        ))}
      </div>
      {!none && all.waiting > 0 && <p className="q-dim">{t('notify.waiting', { count: all.waiting })}</p>}
      <Unreachable all={all} />
      <section className="q-card q-stack-tight" aria-labelledby="failures">
        <h2 id="failures">{t('notify.failures')}</h2>
        {all.failures.length === 0 && <p className="q-dim">{t('notify.no_failures')}</p>}
        <ul className="q-list q-stack-tight">
          {togetherTold(all.failures).map(({ first, names }, index) => (
            <li key={`${first.at}${index}`}>
              <span className="q-num q-dim">{formatDateTime(first.at)}</span> {toldText(first.what, first.channel || null, first.reason || null)} <span className="q-small q-dim">{names.join(t('consult.told.and'))}</span>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

function ChannelCard({ state, last, reload }: { state: ChannelState; last: NoticeStep | undefined; reload: () => void }) {
  const t = useText();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const test = (channel: Channel) => {
    setBusy(true);
    setError(undefined);
    sendTest(channel).then(() => setTimeout(reload, 1500), setError).finally(() => setBusy(false));
  };
  return (
    <section className="q-card q-stack-tight" aria-label={t(`app.channel.${state.channel}`)}>
      <div className="q-between">
        <h2>{t(`app.channel.${state.channel}`)}</h2>
        {!state.configured && <span className="q-chip">{t('notify.off')}</span>}
        {state.configured && state.failing && <span className="q-chip q-chip-critical">{t('notify.failing')}</span>}
        {state.configured && !state.failing && <span className={`q-chip ${state.last_ok ? 'q-chip-ok' : 'q-chip-info'}`}>{t(state.last_ok ? 'notify.works' : 'notify.unused')}</span>}
      </div>
      {!state.configured && <p className="q-small q-dim">{t('notify.off_help', { table: `[notify.${state.channel}]` })}</p>}
      {state.configured && (
        <>
          <dl className="q-facts">
            <dt>{t('notify.host')}</dt>
            <dd>{state.host}</dd>
            <dt>{t('notify.last_ok')}</dt>
            <dd className="q-num">{state.last_ok ? formatDateTime(state.last_ok) : t('notify.never')}</dd>
            <dt>{t('notify.last_failed')}</dt>
            <dd className="q-num">{state.last_failed ? `${formatDateTime(state.last_failed)} · ${toldReason(state.reason)}` : t('notify.never')}</dd>
            <dt>{t('notify.queued')}</dt>
            <dd className="q-num">{state.queued === 0 ? t('notify.nothing_queued') : t('notify.queued_since', { count: state.queued, time: state.oldest ? formatDateTime(state.oldest) : '' })}</dd>
          </dl>
          <div className="q-actions">
            <Button size="compact-md" variant="default" loading={busy} disabled={!state.reaches_me} onClick={() => test(state.channel)}>
              {t('notify.test')}
            </Button>
            {!state.reaches_me && <Link to="/app/access/contact">{t('notify.give_address')}</Link>}
          </div>
          {last && (
            <p className="q-small" role="status">
              {t('notify.test_result')} <StepLine step={last} />
            </p>
          )}
          {error !== undefined && <ErrorCard error={error} />}
        </>
      )}
    </section>
  );
}

function StepLine({ step }: { step: NoticeStep }) {
  return (
    <>
      <span className="q-num q-dim">{formatDateTime(step.at)}</span> {step.person && `${nameIn(step.person)} · `}
      {toldText(step.what, step.channel || null, step.reason || null)}
    </>
  );
}

function Unreachable({ all }: { all: Notifications }) {
  const t = useText();
  if (all.unreachable.length === 0) return null;
  return (
    <section className="q-note q-note-warning q-stack-tight" aria-labelledby="unreachable">
      <h2 id="unreachable">{t('notify.unreachable', { count: all.unreachable_count })}</h2>
      <p>{t('notify.unreachable_help')}</p>
      <details>
        <summary>{t('notify.unreachable_who')}</summary>
        <ul>
          {all.unreachable.map((one) => (
            <li key={one.person.reference}>
              {nameIn(one.person)} · {textOr(`role.${one.role}`, one.role)} · {nameIn(one.organisation)}
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}
