/** Emergency access to one record: who exactly, then why, then a proof. Before that nothing is told but whether there is a record. */
import { Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { forgetAll, useQuery } from '../../api/cache';
import { breakGlass, findRecord, kGlassReasons, readOpenGlass, type Known } from '../../api/sensitive';
import { useText } from '../../app/i18n';
import { mayBreakGlass } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { EmptyCard } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { formatTime } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { ActForm } from './add_factor';
import { ProveGate } from './prove_gate';

const kMinutes = ['15', '30', '60'];

export default function BreakGlassPage() {
  const t = useText();
  const session = useSession();
  const [params] = useSearchParams();
  useTitle(t('security.glass.title'));
  const may = mayBreakGlass(session);
  const open = useQuery(may ? 'glass' : undefined, readOpenGlass);
  const [known, setKnown] = useState<Known>();
  if (!may) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('security.glass.title')}</h1>
      {params.has('ended') && <p className="q-note" role="status">{t('security.glass.ended')}</p>}
      {(open.data ?? []).map((one) => (
        <p key={one.id} className="q-note q-note-critical q-between">
          <span>{t('security.glass.open_until', { time: formatTime(one.until) })}</span>
          <Link to={`/app/patients/${one.patient.replace('Patient/', '')}`}>{t('security.glass.to_record')}</Link>
        </p>
      ))}
      <p className="q-dim">{t('security.glass.explain')}</p>
      {known ? <Why known={known} onBack={() => setKnown(undefined)} /> : <Who onFound={setKnown} />}
    </div>
  );
}

function Who({ onFound }: { onFound: (known: Known) => void }) {
  const t = useText();
  const [form, setForm] = useState<Known>({ identifier: '', name: '' });
  const [none, setNone] = useState(false);
  const run = async () => {
    setNone(false);
    const known = { identifier: form.identifier.trim(), name: form.name.trim() };
    if ((await findRecord(known)) > 0) onFound(known);
    else setNone(true);
  };
  return (
    <section className="q-card q-stack">
      <h2>{t('security.glass.who')}</h2>
      <ActForm submit={t('security.glass.find')} run={run}>
        <TextInput label={t('security.glass.number')} description={t('security.glass.number_help')} required maxLength={64} autoComplete="off" value={form.identifier} onChange={(event) => setForm({ ...form, identifier: event.currentTarget.value })} />
        <TextInput label={t('security.glass.name')} description={t('security.glass.name_help')} maxLength={60} autoComplete="off" value={form.name} onChange={(event) => setForm({ ...form, name: event.currentTarget.value })} />
        {none && (
          <p className="q-note" role="status">
            {t('security.glass.none')}
          </p>
        )}
      </ActForm>
    </section>
  );
}

function Why({ known, onBack }: { known: Known; onBack: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const [form, setForm] = useState({ code: '', reason: '', minutes: '30' });
  const run = async () => {
    const opened = await breakGlass({ ...known, reasonCode: form.code, reason: form.reason, minutes: Number(form.minutes) });
    forgetAll();
    void navigate(`/app/patients/${(opened[0]?.patient ?? '').replace('Patient/', '')}`);
  };
  return (
    <section className="q-card q-stack acc-glass">
      <h2>
        <Icon name="alert" /> {t('security.glass.found')}
      </h2>
      <p>{t('security.glass.consequence')}</p>
      <ProveGate>
        <ActForm submit={t('security.glass.open')} run={run}>
          <Choice label={t('security.glass.reason_code')} required value={form.code} options={kGlassReasons.map((value) => ({ value, label: t(`security.glass.reason.${value}`) }))} onChange={(code) => setForm({ ...form, code })} />
          <Textarea label={t('security.glass.reason_text')} description={t('security.glass.reason_help')} required minLength={5} maxLength={600} autosize minRows={2} value={form.reason} onChange={(event) => setForm({ ...form, reason: event.currentTarget.value })} />
          <NativeSelect label={t('security.glass.minutes')} value={form.minutes} onChange={(event) => setForm({ ...form, minutes: event.currentTarget.value })} data={kMinutes.map((value) => ({ value, label: t('security.glass.for_minutes', { count: Number(value) }) }))} />
        </ActForm>
      </ProveGate>
      <div>
        <Button variant="default" onClick={onBack}>
          {t('app.back')}
        </Button>
      </div>
    </section>
  );
}
