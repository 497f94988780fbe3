/** Patients who were registered without a line and whom the server does not know yet, as the lists of patients show them. */
import { useOutbox, type OutboxItem } from '../../api/outbox';
import { nameOf, type Patient } from '../../api/fhir';
import { useText } from '../../app/i18n';
import { PatientCard } from './patient_bits';

/** With "new.<id of the registration>" in place of an id. */
const asPatient = (item: OutboxItem): Patient[] => (item.patient ? [{ ...item.patient.patient, id: `new.${item.id}` }] : []);
export const useUnregistered = (): Patient[] => useOutbox().flatMap(asPatient);

export const pageOfPatient = (id: string): string => (id.startsWith('new.') ? `/app/patients/new/${id.slice(4)}` : `/app/patients/${id}`);

export function UnregisteredList({ typed, onPick }: { typed: string; onPick: (patient: Patient) => void }) {
  const t = useText();
  const wanted = typed.trim().toUpperCase();
  const all = useUnregistered().filter((one) => [nameOf(one.name), ...(one.identifier ?? []).map((number) => number.value ?? '')].some((text) => text.toUpperCase().includes(wanted)));
  if (all.length === 0) return null;
  return (
    <>
      <h2>{t('patients.unsent.list')}</h2>
      <ul className="q-list q-stack">
        {all.map((patient) => (
          <li key={patient.id}>
            <PatientCard patient={patient} onPick={() => onPick(patient)} />
          </li>
        ))}
      </ul>
    </>
  );
}
