/** Finding a patient of the own institution before a second record is made. */
import { Button } from '@mantine/core';
import { Link, useNavigate } from 'react-router';
import { useText } from '../../app/i18n';
import { mayRegisterPatients } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Icon } from '../../ui/icons';
import { PatientSearch } from './patient_search';
import { pageOfPatient } from './unregistered';

export default function PatientSearchPage() {
  const t = useText();
  const navigate = useNavigate();
  const session = useSession();
  useTitle(t('patients.search.title'));
  return (
    <div className="q-page q-page-narrow">
      <div className="q-between">
        <h1>{t('patients.search.title')}</h1>
        {mayRegisterPatients(session) && (
          <Button component={Link} to="/app/patients/new" leftSection={<Icon name="plus" />}>
            {t('patients.register.title')}
          </Button>
        )}
      </div>
      <PatientSearch onPick={(patient) => void navigate(pageOfPatient(patient.id ?? ''))} />
    </div>
  );
}
