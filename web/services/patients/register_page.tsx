/** Registering a patient: identity papers checked while they are typed, likely duplicates shown before a second record is made. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
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
import { Choice } from '../../ui/choice';
import { readNationalId } from './national_id';
import { PatientCard } from './patient_bits';
import { defectsOf, kDocumentKinds, kEmptyRegistration, kNoIdReasons, toPatient, type DocumentKind, type Registration } from './registration';

const today = () => new Date().toISOString().slice(0, 10);

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

  const typeNumber = (number: string) => {
    const change: Partial<Registration> = { number };
    const read = form.document === 'national_id' ? readNationalId(number) : 'length';
    // The number states birth date and sex: fills what is empty, never overwrites what a person typed.
    if (typeof read !== 'string') {
      if (form.birthDate === '') change.birthDate = read.birthDate;
      if (form.sex === '') change.sex = read.sex;
    }
    set(change);
  };

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
        <TextInput label={t('patients.name')} required maxLength={80} value={form.name} onChange={(event) => set({ name: event.currentTarget.value })} error={shown('name')} autoComplete="off" />
        <NativeSelect
          label={t('patients.document')}
          required
          value={form.document}
          onChange={(event) => set({ document: event.currentTarget.value as DocumentKind, number: '', noIdReason: '' })}
          data={kDocumentKinds.map((kind) => ({ value: kind, label: t(`patients.document.${kind}`) }))}
        />
        {form.document === 'none' ? (
          <NativeSelect
            label={t('patients.no_id_reason')}
            description={t('patients.no_id_help')}
            required
            value={form.noIdReason}
            onChange={(event) => set({ noIdReason: event.currentTarget.value })}
            data={[{ value: '', label: t('patients.choose') }, ...kNoIdReasons.map((reason) => ({ value: reason, label: t(`patients.no_id_reason.${reason}`) }))]}
            error={shown('noIdReason')}
          />
        ) : (
          <TextInput
            label={t('patients.number')}
            description={form.document === 'national_id' ? t('patients.number_help') : undefined}
            required
            maxLength={form.document === 'national_id' ? 18 : 40}
            value={form.number}
            onChange={(event) => typeNumber(event.currentTarget.value)}
            error={shown('number') ?? (form.document === 'national_id' && form.number.length === 18 && defects.number ? t(defects.number) : undefined)}
            autoComplete="off"
            spellCheck={false}
          />
        )}
        <Choice label={t('patients.sex')} required value={form.sex} options={(['male', 'female', 'other', 'unknown'] as const).map((sex) => ({ value: sex, label: t(`app.sex.${sex}`) }))} onChange={(sex) => set({ sex })} error={shown('sex')} />
        <TextInput type="date" label={t('patients.birth_date')} required min="1900-01-01" max={today()} value={form.birthDate} onChange={(event) => set({ birthDate: event.currentTarget.value })} error={shown('birthDate')} />
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
