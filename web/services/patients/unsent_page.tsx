/**
 * A patient registered without a line: sealed on this device until the server has them. What the server refuses is corrected
 * here; whom it finds instead is shown here, and the person says which of both it is.
 */
import { Button } from '@mantine/core';
import { useEffect, useState, type FormEvent } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useDeviceReady } from '../../api/device';
import type { Patient } from '../../api/fhir';
import { outbox, registrationName, useOutbox, useRegistered, type NewPatient } from '../../api/outbox';
import { likelyDuplicates } from '../../api/patients';
import { useText } from '../../app/i18n';
import { mayAskForConsultation } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Busy, EmptyCard, ErrorCard } from '../../ui/cards';
import { formatDateTime } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { DiscardText } from '../consult/discard';
import { PatientCard } from './patient_bits';
import { defectsOf, toPatient, type Registration } from './registration';
import { Duplicates, RegistrationFields } from './registration_parts';

export default function UnsentPatientPage() {
  const t = useText();
  const navigate = useNavigate();
  const { registration = '' } = useParams();
  const isReady = useDeviceReady();
  const item = useOutbox().find((one) => one.name === registrationName(registration));
  const arrived = useRegistered().find((one) => one.id === registration);
  useTitle(t('patients.register.title'));
  useEffect(() => {
    if (!arrived) return;
    outbox.seenRegistered(registration);
    void navigate(`/app/patients/${arrived.patient.replace('Patient/', '')}`, { replace: true });
  }, [arrived, navigate, registration]);
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('patients.register.title')}</h1>
      {!isReady || arrived ? (
        <Busy />
      ) : item?.patient ? (
        <Waiting id={registration} kept={item.patient} error={item.error} />
      ) : (
        <EmptyCard title={t('patients.unsent.gone')} action={<Link to="/app/patients">{t('patients.search.title')}</Link>}>
          {t('patients.unsent.gone_help')}
        </EmptyCard>
      )}
    </div>
  );
}

function Waiting({ id, kept, error }: { id: string; kept: NewPatient; error: unknown }) {
  const t = useText();
  const session = useSession();
  const [changing, setChanging] = useState(false);
  const requests = outbox.waitingFor(id);
  const found = likelyDuplicates(error);
  const navigate = useNavigate();
  const pick = (patient: Patient) =>
    void outbox.isThisOne(id, patient).then(() => {
      outbox.seenRegistered(id);
      void navigate(`/app/patients/${patient.id}`, { replace: true });
    });
  return (
    <>
      <div className="q-note q-note-warning q-stack-tight" role="status">
        <p className="q-strong">
          <Icon name="alert" size={16} /> {t('patients.unsent.title')}
        </p>
        <p>{t('patients.unsent.explain')}</p>
        <p className="q-small q-num">{t('patients.unsent.begun', { time: formatDateTime(kept.begun) })}</p>
      </div>
      {found && <Duplicates found={found} busy={false} onPick={pick} onAnother={() => outbox.isAnother(id)} />}
      {error !== undefined && !found && <ErrorCard error={error} onRetry={() => outbox.run(true)} />}
      {changing && !kept.tried ? (
        <Change id={id} kept={kept} onDone={() => setChanging(false)} />
      ) : (
        <>
          <PatientCard patient={kept.patient} />
          <div className="q-actions">
            {mayAskForConsultation(session) && !found && (
              <Button component={Link} to={`/app/consult/new?patient=new.${id}`} leftSection={<Icon name="plus" />}>
                {t('app.new_consultation')}
              </Button>
            )}
            {!kept.tried && (
              <Button variant="default" onClick={() => setChanging(true)}>
                {t('patients.unsent.change')}
              </Button>
            )}
            {requests.length === 0 && <DiscardText name={registrationName(id)} />}
          </div>
          {requests.length > 0 && (
            <section className="q-stack-tight">
              <p className="q-small q-dim">{t('patients.unsent.waiting')}</p>
              <ul className="q-list q-stack-tight">
                {requests.map((one) => (
                  <li key={one.name}>
                    <Link to={`/app/consult/new/${one.id}`}>{t('patients.unsent.request', { time: formatDateTime(one.request?.begun ?? '') })}</Link>
                  </li>
                ))}
              </ul>
            </section>
          )}
        </>
      )}
    </>
  );
}

/** While it is changed nothing of it is sent. */
function Change({ id, kept, onDone }: { id: string; kept: NewPatient; onDone: () => void }) {
  const t = useText();
  const [form, setForm] = useState(kept.value as Registration);
  const [tried, setTried] = useState(false);
  useEffect(() => outbox.editing(registrationName(id)), [id]);
  const save = () => {
    setTried(true);
    if (Object.keys(defectsOf(form)).length > 0) return;
    outbox.changePatient(id, { value: form, patient: toPatient(form), noIdReason: form.noIdReason });
    onDone();
  };
  return (
    <form
      className="q-card q-stack"
      noValidate
      onSubmit={(event: FormEvent) => {
        event.preventDefault();
        save();
      }}
    >
      <RegistrationFields form={form} set={(change) => setForm((before) => ({ ...before, ...change }))} tried={tried} />
      <div className="q-actions">
        <Button type="submit">{t('patients.unsent.keep')}</Button>
        <Button variant="default" onClick={onDone}>
          {t('app.cancel')}
        </Button>
      </div>
    </form>
  );
}
