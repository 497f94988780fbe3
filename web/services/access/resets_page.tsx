/** Forgotten passwords and lost factors, by two persons: start one, confirm another's. */
import { Button, Checkbox, NativeSelect, Textarea } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useQuery } from '../../api/cache';
import { readMembers } from '../../api/people';
import { confirmReset, readRegisteredNumber, readResets, refuseReset, startReset, type Reset } from '../../api/security';
import { useText } from '../../app/i18n';
import { mayReset } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { formatDateTime, formatTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { ActForm } from './add_factor';
import { ProveGate } from './prove_gate';
import './access.css';

type Open = { what: 'start' } | { what: 'confirm' | 'refuse'; reset: Reset };

export default function ResetsPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.resets'));
  const may = mayReset(session);
  const resets = useQuery(may ? 'access:resets' : undefined, readResets);
  const [open, setOpen] = useState<Open>();
  if (!may) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  const close = () => {
    setOpen(undefined);
    resets.reload();
  };
  return (
    <div className="q-page q-page-narrow">
      <div className="q-between">
        <h1>{t('app.nav.resets')}</h1>
        <Button leftSection={<Icon name="plus" size={16} />} onClick={() => setOpen({ what: 'start' })}>
          {t('security.reset.start')}
        </Button>
      </div>
      <p className="q-dim">{t('security.reset.explain')}</p>
      <Answered query={resets}>
        {(all) => (all.length === 0 ? <EmptyCard title={t('security.reset.none')} /> : <>{all.map((one) => <ResetCard key={one.id} reset={one} onOpen={setOpen} />)}</>)}
      </Answered>
      {open && (
        <Dialog title={t(open.what === 'start' ? 'security.reset.start' : `security.reset.${open.what}`)} onClose={close}>
          <ProveGate>
            {open.what === 'start' && <Start onDone={close} />}
            {open.what === 'confirm' && <Confirm reset={open.reset} onDone={close} />}
            {open.what === 'refuse' && (
              <ActForm submit={t('security.reset.refuse')} run={async () => (await refuseReset(open.reset.id), close())}>
                <p>{t('security.reset.refuse_explain', { name: nameIn(open.reset.person) })}</p>
              </ActForm>
            )}
          </ProveGate>
        </Dialog>
      )}
    </div>
  );
}

function ResetCard({ reset, onOpen }: { reset: Reset; onOpen: (open: Open) => void }) {
  const t = useText();
  const state = reset.confirmed ? 'confirmed' : reset.used ? 'used' : 'waiting';
  return (
    <section className="q-card q-stack-tight">
      <p className="q-row">
        <span className="q-strong">{nameIn(reset.person)}</span>
        <span className="q-chip">{t(reset.night ? 'security.reset.night' : 'security.reset.day')}</span>
        <span className={`q-chip ${reset.confirmed ? 'q-chip-ok' : 'q-chip-warning'}`}>{t(`security.reset.state.${state}`)}</span>
      </p>
      <p className="q-pre">{reset.reason}</p>
      <p className="q-small q-dim">
        {t('security.reset.by', { name: nameIn(reset.startedBy), time: formatDateTime(reset.started) })}
        {!reset.confirmed && ` · ${t('security.reset.until', { time: formatDateTime(reset.confirmUntil) })}`}
      </p>
      <div className="q-actions">
        {reset.mayConfirm && (
          <Button size="compact-md" onClick={() => onOpen({ what: 'confirm', reset })}>
            {t('security.reset.confirm')}
          </Button>
        )}
        <Button size="compact-md" variant="default" onClick={() => onOpen({ what: 'refuse', reset })}>
          {t('security.reset.refuse')}
        </Button>
      </div>
    </section>
  );
}

function Code({ code, name, onDone }: { code: string; name: string; onDone: () => void }) {
  const t = useText();
  return (
    <div className="q-stack">
      <p>{t('security.reset.code', { name })}</p>
      <p className="acc-secret q-num">{code.replace(/(.{4})/, '$1 ')}</p>
      <p className="q-small q-dim">{t('security.reset.code_until', { time: formatTime(Date.now() + 15 * 60_000) })}</p>
      <div>
        <Button onClick={onDone}>{t('app.close')}</Button>
      </div>
    </div>
  );
}

function Confirm({ reset, onDone }: { reset: Reset; onDone: () => void }) {
  const t = useText();
  const [code, setCode] = useState('');
  if (code) return <Code code={code} name={nameIn(reset.person)} onDone={onDone} />;
  const run = async () => {
    const answer = await confirmReset(reset.id);
    if (answer.code) setCode(answer.code);
    else onDone();
  };
  return (
    <ActForm submit={t('security.reset.confirm')} run={run}>
      <p>{t(reset.night ? 'security.reset.confirm_night' : 'security.reset.confirm_day', { name: nameIn(reset.person), by: nameIn(reset.startedBy) })}</p>
      <p className="q-note q-pre">{reset.reason}</p>
    </ActForm>
  );
}

function Start({ onDone }: { onDone: () => void }) {
  const t = useText();
  const session = useSession();
  const people = useQuery('people', readMembers);
  const security = session.memberships.some((one) => one.role === 'security_admin');
  const [form, setForm] = useState({ practitioner: '', reason: '', night: !security, called: false });
  const [number, setNumber] = useState<string>();
  const [code, setCode] = useState('');
  useEffect(() => {
    setNumber(undefined);
    if (!form.night || !form.practitioner) return;
    readRegisteredNumber(form.practitioner).then(setNumber, () => setNumber(''));
  }, [form.night, form.practitioner]);
  const known = [...new Map((people.data ?? []).filter((one) => one.practitioner !== session.person.practitioner).map((one) => [one.practitioner, one])).values()];
  const chosen = known.find((one) => one.practitioner === form.practitioner);
  if (code) return <Code code={code} name={nameIn(chosen)} onDone={onDone} />;
  const run = async () => {
    const answer = await startReset(form.practitioner, form.reason, form.night);
    if (answer.code) setCode(answer.code);
    else onDone();
  };
  return (
    <ActForm submit={t('security.reset.start')} run={run}>
      <NativeSelect label={t('security.reset.who')} required value={form.practitioner} onChange={(event) => setForm({ ...form, practitioner: event.currentTarget.value })} data={[{ value: '', label: t('security.choose') }, ...known.map((one) => ({ value: one.practitioner, label: `${nameIn(one)} · ${nameIn(one.organisation)}` }))]} />
      <Textarea label={t('security.reset.reason')} required minLength={4} maxLength={120} autosize minRows={2} value={form.reason} onChange={(event) => setForm({ ...form, reason: event.currentTarget.value })} />
      {security && <Checkbox label={t('security.reset.at_night')} checked={form.night} onChange={(event) => setForm({ ...form, night: event.currentTarget.checked })} />}
      {form.night && form.practitioner !== '' && number !== undefined && (
        <div className="q-note q-stack-tight">
          {number === '' ? <p className="q-warning">{t('error.access.no_registered_number')}</p> : <p>{t('security.reset.call', { number })}</p>}
          {number !== '' && <Checkbox required label={t('security.reset.called')} checked={form.called} onChange={(event) => setForm({ ...form, called: event.currentTarget.checked })} />}
        </div>
      )}
      <p className="q-small q-dim">{t(form.night ? 'security.reset.explain_night' : 'security.reset.explain_day')}</p>
    </ActForm>
  );
}
