/** A patient in a row and at the head of a page. */
import { Link } from 'react-router';
import { nameOf, type Patient } from '../../api/fhir';
import { useText } from '../../app/i18n';
import { useSexText } from '../../ui/case_bits';
import { formatAge, formatDate } from '../../ui/format';
import { documentKindOf } from './registration';

export function identityTail(patient: Patient): string {
  const value = patient.identifier?.find((one) => documentKindOf(one.system) === 'national_id')?.value ?? patient.identifier?.[0]?.value ?? '';
  return value.length > 4 ? `…${value.slice(-4)}` : value;
}

export function usePatientDetail(): (patient: Patient) => string {
  const sexText = useSexText();
  return (patient) => [sexText(patient.gender), formatAge(patient.birthDate), formatDate(patient.birthDate), identityTail(patient)].filter(Boolean).join(' · ');
}

export function PatientCard({ patient, to, onPick }: { patient: Patient; to?: string; onPick?: () => void }) {
  const t = useText();
  const detail = usePatientDetail();
  const phone = patient.telecom?.find((one) => one.system === 'phone')?.value;
  const temporary = patient.identifier?.some((one) => documentKindOf(one.system) === 'temporary' && one.use !== 'old');
  const inner = (
    <>
      <span className="q-row">
        <span className="q-strong">{nameOf(patient.name)}</span>
        {patient.id?.startsWith('new.') && <span className="q-chip q-chip-warning">{t('patients.unsent.chip')}</span>}
        {temporary && <span className="q-chip q-chip-warning">{t('patients.temporary')}</span>}
      </span>
      <span className="q-small q-dim q-num">{detail(patient)}</span>
      {phone && <span className="q-small q-dim q-num">{phone}</span>}
    </>
  );
  if (to) {
    return (
      <Link to={to} className="q-card q-link-card q-stack-tight">
        {inner}
      </Link>
    );
  }
  if (!onPick) return <div className="q-card q-stack-tight">{inner}</div>;
  return (
    <button type="button" className="q-card q-link-card q-stack-tight p-pick" onClick={onPick}>
      {inner}
    </button>
  );
}
