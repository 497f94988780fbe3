/** The patient's own access: which phones are bound, and binding one face to face. */
import { Button, Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import type { Patient } from '../../api/fhir';
import { endPhone, offerPhone, readPhones, type BoundPhone, type Relation } from '../../api/patients';
import { useText } from '../../app/i18n';
import { Act } from '../../ui/act_dialog';
import { Answered } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { formatDate, formatDateTime, formatTime } from '../../ui/format';
import { QrCode } from '../../ui/qr_code';

export function PhonesCard({ patient }: { patient: Patient }) {
  const t = useText();
  const id = patient.id ?? '';
  const phones = useQuery(`patient:phones:${id}`, (signal) => readPhones(id, signal));
  const [open, setOpen] = useState<'bind' | BoundPhone>();
  const close = () => {
    setOpen(undefined);
    phones.reload();
  };
  return (
    <section className="q-card q-stack-tight">
      <div className="q-between">
        <h2>{t('patients.phones.title')}</h2>
        <div className="q-actions">
          <Button variant="default" component="a" href={`/flow/patients/${id}/page.pdf`} target="_blank" rel="noreferrer">
            {t('patients.phones.print')}
          </Button>
          <Button variant="default" onClick={() => setOpen('bind')}>
            {t('patients.phones.bind')}
          </Button>
        </div>
      </div>
      <Answered query={phones}>
        {(all) =>
          all.length === 0 ? (
            <p className="q-dim">{t('patients.phones.none')}</p>
          ) : (
            <ul className="q-list q-stack-tight">
              {all.map((one) => (
                <li key={one.id} className="q-between">
                  <span>
                    <span className="q-num">{one.phone}</span> {one.name} <span className="q-chip">{t(`patients.relation.${one.relation}`)}</span>{' '}
                    <span className="q-small q-dim">{one.until ? t('patients.phones.since_until', { since: formatDate(one.since), until: formatDate(one.until) }) : t('patients.phones.since', { since: formatDate(one.since) })}</span>
                  </span>
                  <Button size="compact-sm" variant="default" onClick={() => setOpen(one)}>
                    {t('patients.phones.end')}
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
      {open === 'bind' && <BindDialog patient={patient} onClose={close} />}
      {open && open !== 'bind' && (
        <Act title={t('patients.phones.end')} submit={t('patients.phones.end')} danger run={() => endPhone(id, open.id)} onClose={close} onDone={close}>
          <p>{t('patients.phones.end_explain', { name: open.name, phone: open.phone })}</p>
        </Act>
      )}
    </section>
  );
}

function BindDialog({ patient, onClose }: { patient: Patient; onClose: () => void }) {
  const t = useText();
  const [relation, setRelation] = useState<Relation>('self');
  const [phone, setPhone] = useState(patient.telecom?.find((one) => one.value)?.value ?? '');
  const [name, setName] = useState('');
  const [number, setNumber] = useState('');
  const [until, setUntil] = useState('');
  const [reason, setReason] = useState('');
  const [checked, setChecked] = useState(false);
  const [given, setGiven] = useState<{ code: string; until: string; ends?: string }>();
  const other = relation !== 'self';
  if (given) {
    const link = `${location.origin}/p#bind=${given.code}`;
    return (
      <Dialog title={t('patients.phones.bind')} onClose={onClose}>
        <div className="q-stack">
        <p>{t('patients.phones.scan')}</p>
        <div>
          <QrCode text={link} label={t('patients.phones.qr')} />
        </div>
        <p>
          {t('patients.phones.type', { address: `${location.host}/p` })} <strong className="q-num p-code">{given.code.replace(/(.{4})/, '$1 ')}</strong>
        </p>
        <p className="q-small q-dim">{t('patients.phones.code_until', { time: formatTime(given.until) })}</p>
        {given.ends && <p className="q-small q-dim">{t('patients.phones.ends', { time: formatDateTime(given.ends) })}</p>}
        <div>
          <Button onClick={onClose}>{t('app.close')}</Button>
        </div>
        </div>
      </Dialog>
    );
  }
  const run = () =>
      offerPhone(patient.id ?? '', {
        relation,
        phone,
        identityChecked: checked,
        ...(other ? { name, idNumber: number, reason } : {}),
        ...(other && until ? { until: new Date(`${until}T23:59:59`).toISOString() } : {}),
      }).then(setGiven);
  return (
    <Act title={t('patients.phones.bind')} submit={t('patients.phones.show_code')} run={run} onClose={onClose} onDone={() => undefined}>
      <p>{t('patients.phones.explain')}</p>
      <NativeSelect label={t('patients.phones.who')} value={relation} onChange={(event) => setRelation(event.currentTarget.value as Relation)} data={(['self', 'guardian', 'proxy'] as const).map((one) => ({ value: one, label: t(`patients.relation.${one}`) }))} />
      {other && (
        <>
          <TextInput label={t('patients.phones.name')} required value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <TextInput label={t('patients.phones.number')} required value={number} onChange={(event) => setNumber(event.currentTarget.value)} />
          <TextInput label={t('patients.phones.until')} description={t('patients.phones.until_help')} type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} />
          <Textarea label={t('patients.phones.reason')} autosize minRows={2} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        </>
      )}
      <TextInput label={t('patients.phones.phone')} description={t('patients.phones.phone_help')} inputMode="tel" required value={phone} onChange={(event) => setPhone(event.currentTarget.value)} />
      <Checkbox label={t('patients.phones.checked')} required checked={checked} onChange={(event) => setChecked(event.currentTarget.checked)} />
    </Act>
  );
}
