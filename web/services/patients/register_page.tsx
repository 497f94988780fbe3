/**
 * Registering a patient: identity papers checked while they are typed, likely duplicates shown before a second record is made.
 * Without a line the registration lies sealed on this device under the same id and goes by itself (`unsent_page.tsx`).
 */
import { Button } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import type { Patient } from '../../api/fhir';
import { invalidate } from '../../api/cache';
import { ApiError, newId } from '../../api/http';
import { keptTexts } from '../../api/kept_texts';
import { outbox, registrationName, type NewPatient } from '../../api/outbox';
import { likelyDuplicates, registerPatient } from '../../api/patients';
import { useText } from '../../app/i18n';
import { mayRegisterPatients } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { EmptyCard, ErrorCard } from '../../ui/cards';
import { likelyOnDevice } from './kept_duplicates';
import { defectsOf, kEmptyRegistration, toPatient, type Registration } from './registration';
import { Duplicates, RegistrationFields } from './registration_parts';
import { pageOfPatient, useUnregistered } from './unregistered';

export default function RegisterPage() {
  const t = useText();
  const session = useSession();
  const navigate = useNavigate();
  const [params] = useSearchParams();
  const [form, setForm] = useState<Registration>(kEmptyRegistration);
  const [id, setId] = useState(newId);
  const [unanswered, setUnanswered] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [duplicates, setDuplicates] = useState<{ found: Patient[]; onDevice: boolean }>();
  const unregistered = useUnregistered();
  useTitle(t('patients.register.title'));
  const set = (change: Partial<Registration>) => {
    setForm((before) => ({ ...before, ...change }));
    setDuplicates(undefined);
    setError(undefined);
    // What was sent without an answer had other content: if it arrived, the server finds it as the likely duplicate of this one.
    if (unanswered) setId(newId());
    setUnanswered(false);
  };
  const next = (patient: string) => void navigate(params.get('for') === 'consult' ? `/app/consult/new?patient=${patient}` : pageOfPatient(patient), { replace: true });
  /** The server may have heard of it and the answer was lost: the same id makes it one registration. */
  const keep = (confirmed: boolean) => {
    const patient = toPatient(form);
    keptTexts.set(registrationName(id), { value: form, patient, noIdReason: form.noIdReason, confirmed, begun: new Date().toISOString(), tried: true } satisfies NewPatient);
    outbox.run();
    next(`new.${id}`);
  };

  const create = async (confirmed: boolean) => {
    setTried(true);
    if (Object.keys(defectsOf(form)).length > 0) return;
    setBusy(true);
    setError(undefined);
    try {
      const made = await registerPatient(id, toPatient(form), form.noIdReason, confirmed);
      invalidate('patients:');
      if (made.id) next(made.id);
    } catch (cause) {
      const found = likelyDuplicates(cause);
      if (found) setDuplicates({ found, onDevice: false });
      else if (!(cause instanceof ApiError) || !cause.isPassing) setError(cause);
      else {
        setUnanswered(true);
        const here = confirmed ? [] : await likelyOnDevice(toPatient(form), unregistered);
        if (here.length > 0) setDuplicates({ found: here, onDevice: true });
        else keep(confirmed);
      }
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
        <RegistrationFields form={form} set={set} tried={tried} />
        {error !== undefined && <ErrorCard error={error} />}
        {duplicates ? (
          <Duplicates {...duplicates} busy={busy} onPick={(patient) => patient.id && next(patient.id)} onAnother={() => (duplicates.onDevice ? keep(false) : void create(true))} />
        ) : (
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
