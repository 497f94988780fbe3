/** Registering a patient: identity papers checked while they are typed, likely duplicates shown before a second record is made. */
import { Button, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { ApiError, send } from '../../api/http';
import type { Patient } from '../../api/fhir';
import { invalidate } from '../../api/cache';
import { useText } from '../../app/i18n';
import { mayRegisterPatients } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { EmptyCard, ErrorCard } from '../../ui/cards';
import { IdentityFields } from './identity_fields';
import { PatientCard } from './patient_bits';
import { defectsOf, kEmptyRegistration, toPatient, type Registration } from './registration';

export default function RegisterPage() {
  const t = useText();
  const session = useSession();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const [form, setForm] = useState<Registration>(kEmptyRegistration);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [duplicates, setDuplicates] = useState<Patient[]>();
  useTitle(t('patients.register.title'));
  const set = (change: Partial<Registration>) => {
    setForm((before) => ({ ...before, ...change }));
    setDuplicates(undefined);
    setError(undefined);
  };
  const defects = defectsOf(form);
  const shown = (name: keyof Registration) => (tried && defects[name] ? t(defects[name]) : undefined);
  const next = (id: string) => void navigate(params.get('for') === 'consult' ? `/app/consult/new?patient=${id}` : `/app/patients/${id}`);

  const create = async (confirmed: boolean) => {
    setTried(true);
    if (Object.keys(defects).length > 0) return;
    setBusy(true);
    setError(undefined);
    try {
      const parameter: object[] = [
        { name: 'patient', resource: toPatient(form) },
        { name: 'confirmed', valueBoolean: confirmed },
      ];
      if (form.document === 'none') parameter.push({ name: 'noIdReason', valueCode: form.noIdReason });
      const answer = await send<Patient>('POST', '/fhir/Patient/$register', { body: { resourceType: 'Parameters', parameter } });
      invalidate('patients:');
      const id = answer.data?.id ?? /Patient\/([^/]+)/.exec(answer.headers.get('Location') ?? '')?.[1];
      if (id) next(id);
    } catch (cause) {
      if (cause instanceof ApiError && cause.code === 'patient.likely_duplicate') {
        setDuplicates(((cause.body as { contained?: Patient[] } | undefined)?.contained ?? []).filter((one) => one.resourceType === 'Patient'));
      } else setError(cause);
    } finally {
      setBusy(false);
    }
  };

  if (!mayRegisterPatients(session)) return <div className="q-page q-page-narrow"><EmptyCard title={t('patients.register.not_yours')} /></div>;
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('patients.register.title')}</h1>
      <form
        className="q-card q-stack"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void create(false);
        }}
      >
        <IdentityFields form={form} set={set} tried={tried} withoutPapers />
        <TextInput type="tel" label={t('patients.phone')} maxLength={20} value={form.phone} onChange={(event) => set({ phone: event.currentTarget.value })} error={shown('phone')} autoComplete="off" />
        <TextInput label={t('patients.address')} maxLength={200} value={form.address} onChange={(event) => set({ address: event.currentTarget.value })} autoComplete="off" />
        <p className="q-small q-dim">{t('patients.no_card_photo')}</p>
        {tried && Object.keys(defects).length > 0 && (
          <p className="q-critical" role="alert">
            {t('patients.defects', { count: Object.keys(defects).length })}
          </p>
        )}
        {error !== undefined && <ErrorCard error={error} />}
        {duplicates && (
          <div className="q-note q-note-warning q-stack" role="alert">
            <p className="q-strong">{t('patients.duplicate.title')}</p>
            <p>{t('patients.duplicate.explain')}</p>
            {duplicates.map((patient) => (
              <PatientCard key={patient.id} patient={patient} onPick={() => patient.id && next(patient.id)} />
            ))}
            <Button variant="default" loading={busy} onClick={() => void create(true)}>
              {t('patients.duplicate.other_person')}
            </Button>
          </div>
        )}
        {!duplicates && (
          <div className="q-actions">
            <Button type="submit" loading={busy}>
              {t('patients.register.save')}
            </Button>
          </div>
        )}
      </form>
    </div>
  );
}
