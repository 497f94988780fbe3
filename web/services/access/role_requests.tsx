/** Administrator roles, and rights of roles to labels, that wait for a second administrator: who asks, for whom, until when; confirmed or refused here. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import { confirmRoleRequest, readRoleRequests, refuseRoleRequest, type RoleRequest } from '../../api/people';
import { textOr, useText } from '../../app/i18n';
import { Answered, EmptyCard } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { formatTime, nameIn } from '../../ui/format';
import { ActForm } from './add_factor';
import { ProveGate } from './prove_gate';

interface Open {
  what: 'confirm' | 'refuse';
  request: RoleRequest;
}

/** @param quiet  nothing where nothing waits */
export function RoleRequests({ quiet = false, onDone }: { quiet?: boolean; onDone?: () => void }) {
  const t = useText();
  const requests = useQuery('access:role-requests', readRoleRequests);
  const [open, setOpen] = useState<Open>();
  if (quiet && !requests.data?.length) return null;
  const done = () => {
    setOpen(undefined);
    requests.reload();
    onDone?.();
  };
  return (
    <>
      <Answered query={requests}>
        {(all) => (all.length === 0 ? <EmptyCard title={t('people.request.none')} /> : <>{all.map((one) => <RequestCard key={one.id} request={one} onOpen={setOpen} />)}</>)}
      </Answered>
      {open && (
        <Dialog title={t(`people.request.${open.what}`)} onClose={() => setOpen(undefined)}>
          {open.what === 'confirm' ? (
            <ProveGate>
              <ActForm submit={t('people.request.confirm')} run={async () => (await confirmRoleRequest(open.request.id), done())}>
                <p>{t(`people.request.confirm_explain${kindOf(open.request)}`, wordsOf(t, open.request))}</p>
              </ActForm>
            </ProveGate>
          ) : (
            <ActForm submit={t('people.request.refuse')} run={async () => (await refuseRoleRequest(open.request.id), done())}>
              <p>{t(`people.request.refuse_explain${kindOf(open.request)}`, wordsOf(t, open.request))}</p>
            </ActForm>
          )}
        </Dialog>
      )}
    </>
  );
}

const wordsOf = (t: ReturnType<typeof useText>, request: RoleRequest) => ({
  name: nameIn(request.person),
  role: t(`role.${request.role}`),
  place: nameIn(request.organisation),
  by: nameIn(request.askedBy),
  labels: labelsOf(t, request.opens),
});

const labelsOf = (t: ReturnType<typeof useText>, codes: string[]) => codes.map((code) => textOr(`sensitive.label.${code}`, code)).join(t('people.labels.comma')) || t('people.labels.none');

/** What is asked for: an administrator's role, or (`labels`) what a role opens. */
const kindOf = (request: RoleRequest) => (request.opens.length > 0 || request.before ? '_labels' : '');

function RequestCard({ request, onOpen }: { request: RoleRequest; onOpen: (open: Open) => void }) {
  const t = useText();
  return (
    <section className="q-card q-stack-tight" data-role-request={request.id}>
      <p className="q-row">
        <span className="q-strong">{nameIn(request.person)}</span>
        <span className="q-chip q-chip-warning">{t(`role.${request.role}`)}</span>
        <span className="q-dim">{nameIn(request.organisation)}</span>
      </p>
      {kindOf(request) !== '' && (
        <p>
          {t('people.request.opens', { labels: labelsOf(t, request.opens) })}
          {request.before && <span className="q-dim"> · {t('people.request.opened', { labels: labelsOf(t, request.before) })}</span>}
        </p>
      )}
      <p className="q-small q-dim">{t('people.request.by', { name: nameIn(request.askedBy), until: formatTime(request.confirmUntil) })}</p>
      {!request.mayConfirm && <p className="q-small">{t(request.own ? 'people.request.own' : 'people.request.not_you')}</p>}
      <div className="q-actions">
        {request.mayConfirm && (
          <Button size="compact-md" onClick={() => onOpen({ what: 'confirm', request })}>
            {t('people.request.confirm')}
          </Button>
        )}
        {(request.mayConfirm || request.own) && (
          <Button size="compact-md" variant="default" onClick={() => onOpen({ what: 'refuse', request })}>
            {t(request.own ? 'people.request.withdraw' : 'people.request.refuse')}
          </Button>
        )}
      </div>
    </section>
  );
}
