import { TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { patientQuery, searchResources, type Patient } from '../../api/fhir';
import { useText } from '../../app/i18n';
import { mayBreakGlass } from '../../app/roles';
import { useSession } from '../../app/session';
import { Answered, EmptyCard } from '../../ui/cards';
import { PatientCard } from './patient_bits';
import { UnregisteredList } from './unregistered';

const kPauseMs = 300;
const kShown = 30;

export function PatientSearch({ onPick }: { onPick: (patient: Patient) => void }) {
  const t = useText();
  const session = useSession();
  const [typed, setTyped] = useState('');
  const [asked, setAsked] = useState('');
  useEffect(() => {
    const timer = setTimeout(() => setAsked(typed.trim()), kPauseMs);
    return () => clearTimeout(timer);
  }, [typed]);
  const form = patientQuery(asked);
  const recent = useQuery<Patient[]>(form ? undefined : 'patients:recent', (signal) => searchResources<Patient>('Patient', { _sort: '-_lastUpdated', _count: '10' }, signal));
  const found = useQuery<Patient[]>(form ? `patients:${asked}` : undefined, (signal) => searchResources<Patient>('Patient', { ...form, _count: String(kShown) }, signal));
  return (
    <div className="q-stack">
      <TextInput label={t('patients.search.label')} description={t('patients.search.help')} value={typed} maxLength={80} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" />
      <UnregisteredList typed={typed} onPick={onPick} />
      {!form && <h2>{t('patients.search.recent')}</h2>}
      <Answered query={form ? found : recent}>
        {(patients) =>
          patients.length === 0 ? (
            <EmptyCard
              action={form && mayBreakGlass(session) ? <Link to="/app/access/break-glass">{t('patients.search.break_glass')}</Link> : undefined}
              title={form ? t('patients.search.none') : t('patients.search.empty')}
            >
              {form ? t('patients.search.none_help') : t('patients.search.empty_help')}
            </EmptyCard>
          ) : (
            <ul className="q-list q-stack">
              {patients.map((patient) => (
                <li key={patient.id}>
                  <PatientCard patient={patient} onPick={() => onPick(patient)} />
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </div>
  );
}
