/** What the two pages of a registration share: its fields, and the people whom it may already be. */
import { Button, TextInput } from '@mantine/core';
import type { Patient } from '../../api/fhir';
import { useText } from '../../app/i18n';
import { IdentityFields } from './identity_fields';
import { PatientCard } from './patient_bits';
import { defectsOf, type Registration } from './registration';

export function RegistrationFields({ form, set, tried }: { form: Registration; set: (change: Partial<Registration>) => void; tried: boolean }) {
  const t = useText();
  const defects = defectsOf(form);
  const count = Object.keys(defects).length;
  return (
    <>
      <IdentityFields form={form} set={set} tried={tried} withoutPapers />
      <TextInput type="tel" label={t('patients.phone')} maxLength={20} value={form.phone} onChange={(event) => set({ phone: event.currentTarget.value })} error={tried && defects.phone ? t(defects.phone) : undefined} autoComplete="off" />
      <TextInput label={t('patients.address')} maxLength={200} value={form.address} onChange={(event) => set({ address: event.currentTarget.value })} autoComplete="off" />
      <p className="q-small q-dim">{t('patients.no_card_photo')}</p>
      {tried && count > 0 && (
        <p className="q-critical" role="alert">
          {t('patients.defects', { count })}
        </p>
      )}
    </>
  );
}

/** @param onDevice  found among what this device keeps, not by the server */
export function Duplicates({ found, onDevice = false, busy, onPick, onAnother }: { found: readonly Patient[]; onDevice?: boolean; busy: boolean; onPick: (patient: Patient) => void; onAnother: () => void }) {
  const t = useText();
  return (
    <div className="q-note q-note-warning q-stack" role="alert">
      <p className="q-strong">{t('patients.duplicate.title')}</p>
      <p>{onDevice ? t('patients.duplicate.on_device') : t('patients.duplicate.explain')}</p>
      {found.map((patient) => (
        <PatientCard key={patient.id} patient={patient} onPick={() => onPick(patient)} />
      ))}
      <Button variant="default" loading={busy} onClick={onAnother}>
        {t('patients.duplicate.other_person')}
      </Button>
    </div>
  );
}
