/** Where this person is signed in, and an end to it. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import { endMyOtherSessions, endMySession, readMySessions } from '../../api/security';
import { useText } from '../../app/i18n';
import { Answered, ErrorCard } from '../../ui/cards';
import { SessionList } from './session_list';

export function MySessions() {
  const t = useText();
  const sessions = useQuery('access:sessions', readMySessions);
  const [busy, setBusy] = useState('');
  const [error, setError] = useState<unknown>();
  const act = (what: string, run: () => Promise<unknown>) => {
    setBusy(what);
    setError(undefined);
    run().then(sessions.reload, setError).finally(() => setBusy(''));
  };
  return (
    <section className="q-card q-stack">
      <div className="q-between">
        <h2>{t('security.sessions.title')}</h2>
        {(sessions.data?.length ?? 0) > 1 && (
          <Button variant="default" loading={busy === 'others'} onClick={() => act('others', endMyOtherSessions)}>
            {t('security.sessions.end_others')}
          </Button>
        )}
      </div>
      {error !== undefined && <ErrorCard error={error} />}
      <Answered query={sessions}>
        {(all) => (
          <SessionList
            sessions={all}
            act={(one) =>
              !one.own && (
                <Button size="compact-sm" variant="default" loading={busy === one.id} aria-label={t('security.sessions.end_named', { name: one.agent || t('security.sessions.unknown_agent') })} onClick={() => act(one.id, () => endMySession(one.id))}>
                  {t('security.sessions.end')}
                </Button>
              )
            }
          />
        )}
      </Answered>
    </section>
  );
}
