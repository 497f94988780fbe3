/** A patient who was registered without papers: the papers come later, or the record is joined to the one that exists. */
import { Button } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import { invalidate } from '../../api/cache';
import { nameOf, type Patient } from '../../api/fhir';
import { ApiError, post } from '../../api/http';
import { useText } from '../../app/i18n';
import { ErrorCard } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { IdentityFields } from './identity_fields';
import { PatientCard } from './patient_bits';
import { defectsOf, kEmptyRegistration, toPatient, type Registration } from './registration';

export const joinedTo = (patient: Patient): string | undefined => patient.link?.find((one) => one.type === 'replaced-by')?.other?.reference;
export const joinedHere = (patient: Patient): string[] => (patient.link ?? []).flatMap((one) => (one.type === 'replaces' && one.other?.reference ? [one.other.reference] : []));
/** Records of the same person that stand by themselves (the page of duplicate records). */
export const linkedTo = (patient: Patient): string[] => (patient.link ?? []).flatMap((one) => (one.type === 'seealso' && one.other?.reference ? [one.other.reference] : []));
export const isTemporary = (patient: Patient): boolean => joinedTo(patient) === undefined && (patient.identifier ?? []).some((one) => one.system === 'urn:qiao:temporary' && one.use === 'temp');

const refresh = () => invalidate('patient:', 'patients:');

/** On the page of a joined record: where the patient is now, and the way back. */
export function JoinedNote({ patient, may }: { patient: Patient; may: boolean }) {
  const t = useText();
  const [failed, setFailed] = useState<unknown>();
  const other = joinedTo(patient);
  if (!other) return null;
  return (
    <div className="q-note q-note-warning q-stack-tight">
      <p>
        {t('patients.joined.explain')} <Link to={`/app/patients/${other.replace('Patient/', '')}`}>{t('patients.joined.open')}</Link>
      </p>
      {may && (
        <div>
          <Button size="compact-sm" variant="default" onClick={() => void post(`/fhir/Patient/${patient.id}/$part`).then(refresh, setFailed)}>
            {t('patients.joined.part')}
          </Button>
        </div>
      )}
      {failed !== undefined && <ErrorCard error={failed} />}
    </div>
  );
}

export function IdentifyDialog({ patient, onClose }: { patient: Patient; onClose: () => void }) {
  const t = useText();
  const [form, setForm] = useState<Registration>({ ...kEmptyRegistration, name: nameOf(patient.name), birthDate: patient.birthDate ?? '', sex: patient.gender ?? '' });
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [candidates, setCandidates] = useState<Patient[]>();
  const set = (change: Partial<Registration>) => {
    setForm((before) => ({ ...before, ...change }));
    setCandidates(undefined);
    setError(undefined);
  };
  const run = (act: Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    act
      .then(
        () => (refresh(), onClose()),
        (cause: unknown) => {
          if (cause instanceof ApiError && cause.code === 'patient.likely_duplicate') setCandidates(((cause.body as { contained?: Patient[] } | undefined)?.contained ?? []).filter((one) => one.resourceType === 'Patient'));
          else setError(cause);
        },
      )
      .finally(() => setBusy(false));
  };
  const identify = (confirmed: boolean) => {
    setTried(true);
    if (Object.keys(defectsOf(form)).length > 0) return;
    run(post(`/fhir/Patient/${patient.id}/$identify`, { resourceType: 'Parameters', parameter: [{ name: 'patient', resource: toPatient(form) }, { name: 'confirmed', valueBoolean: confirmed }] }));
  };
  const join = (other: Patient) => run(post(`/fhir/Patient/${patient.id}/$join`, { resourceType: 'Parameters', parameter: [{ name: 'other', valueReference: { reference: `Patient/${other.id}` } }] }));
  return (
    <Dialog title={t('patients.identify.title')} onClose={onClose}>
      <form
        className="q-stack"
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          identify(false);
        }}
      >
        <p className="q-dim">{t('patients.identify.explain')}</p>
        <IdentityFields form={form} set={set} tried={tried} />
        {error !== undefined && <ErrorCard error={error} />}
        {candidates ? (
          <div className="q-note q-note-warning q-stack" role="alert">
            <p className="q-strong">{t('patients.duplicate.title')}</p>
            <p>{t('patients.identify.join_explain')}</p>
            {candidates.map((one) => (
              <PatientCard key={one.id} patient={one} onPick={() => join(one)} />
            ))}
            <Button variant="default" loading={busy} onClick={() => identify(true)}>
              {t('patients.duplicate.other_person')}
            </Button>
          </div>
        ) : (
          <div className="q-actions">
            <Button type="submit" loading={busy}>
              {t('patients.identify.save')}
            </Button>
            <Button variant="default" onClick={onClose}>
              {t('app.cancel')}
            </Button>
          </div>
        )}
      </form>
    </Dialog>
  );
}
