/** The start of a request: which patient, which hospital. Everything else is written in the case itself, which keeps it. */
import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { useQuery } from '../../api/cache';
import { useDeviceReady } from '../../api/device';
import { readReceivers } from '../../api/directory';
import { nameOf, readResource, type Patient } from '../../api/fhir';
import { createCase } from '../../api/flow';
import { ApiError, newId } from '../../api/http';
import { keptTexts } from '../../api/kept_texts';
import { newName, outbox, patientOfRequest, useRegistered, type NewRequest } from '../../api/outbox';
import { useText } from '../../app/i18n';
import { mayAskForConsultation } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, Busy, EmptyCard, ErrorCard } from '../../ui/cards';
import { nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { usePatientDetail } from '../patients/patient_bits';
import { PatientSearch } from '../patients/patient_search';
import { useUnregistered } from '../patients/unregistered';
import { refreshCase } from '../cases/case_query';
import { PatientGate } from '../cases/patient_gate';
import { kEmptyRequest, toForm, yearsAt, type PatientFacts, type RequestState } from './request_form';

const kLastReceiver = 'qiao.last_receiver';

export default function NewConsultationPage() {
  const t = useText();
  const session = useSession();
  const [params, setParams] = useSearchParams();
  const patient = params.get('patient');
  useTitle(t('app.new_consultation'));
  if (!mayAskForConsultation(session)) return <div className="q-page q-page-narrow"><EmptyCard title={t('consult.new.not_yours')} /></div>;
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.new_consultation')}</h1>
      {patient?.startsWith('new.') ? (
        <StartForUnregistered key={patient} patient={patient} onOther={() => setParams({})} />
      ) : patient ? (
        <StartForKnown key={patient} patient={patient} onOther={() => setParams({})} />
      ) : (
        <>
          <p>{t('consult.new.whom')}</p>
          <PatientSearch onPick={(one) => one.id && setParams({ patient: one.id })} />
          <Button component={Link} to="/app/patients/new?for=consult" variant="default" leftSection={<Icon name="plus" />}>
            {t('app.find.register')}
          </Button>
        </>
      )}
    </div>
  );
}

interface Of {
  patient: string;
  onOther: () => void;
}

function StartForKnown({ patient, onOther }: Of) {
  const person = useQuery(`patient:${patient}`, (signal) => readResource<Patient>(`Patient/${patient}`, signal));
  return <Answered query={person}>{(one) => <Start patient={patient} one={one} onOther={onOther} />}</Answered>;
}

/** Registered on this device, and not by the server yet: the request waits here for its patient. */
function StartForUnregistered({ patient, onOther }: Of) {
  const t = useText();
  const isReady = useDeviceReady();
  const one = useUnregistered().find((other) => other.id === patient);
  const arrived = useRegistered().find((other) => `new.${other.id}` === patient);
  if (!isReady) return <Busy />;
  if (arrived) return <StartForKnown patient={arrived.patient.replace('Patient/', '')} onOther={onOther} />;
  if (!one) return <EmptyCard title={t('patients.unsent.gone')} action={<Link to="/app/patients">{t('patients.search.title')}</Link>}>{t('patients.unsent.gone_help')}</EmptyCard>;
  return <Start patient={patient} one={one} onOther={onOther} />;
}

function Start({ patient, one, onOther }: Of & { one: Patient }) {
  const t = useText();
  const navigate = useNavigate();
  const detail = usePatientDetail();
  const receivers = useQuery('receivers', readReceivers);
  const [picked, setPicked] = useState(localStorage.getItem(kLastReceiver) ?? '');
  const [createId] = useState(newId);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const choices = receivers.data ?? [];
  const receiver = choices.some((one) => one.reference === picked) ? picked : choices.length === 1 ? (choices[0]?.reference ?? '') : '';
  /** No line: the request lies here under the same id, so it becomes one case even if the server has heard of it. */
  const begin = () => {
    const value: RequestState = { ...kEmptyRequest, receiver };
    const facts: PatientFacts = { sex: one.gender, ageYears: yearsAt(one.birthDate), attached: 0 };
    keptTexts.set(newName(createId), {
      ...patientOfRequest(`Patient/${patient}`, one),
      receiver,
      receiverName: nameIn(choices.find((choice) => choice.reference === receiver)),
      begun: new Date().toISOString(),
      value,
      wire: toForm(value, facts),
    } satisfies NewRequest);
    outbox.run();
    void navigate(`/app/consult/new/${createId}`, { replace: true });
  };
  const start = async () => {
    if (patient.startsWith('new.')) return begin();
    setBusy(true);
    setError(undefined);
    try {
      const id = await createCase({ machine: 'consult', createId, patient: `Patient/${patient}`, fields: { receiver } });
      localStorage.setItem(kLastReceiver, receiver);
      refreshCase(id);
      void navigate(`/app/consult/${id}/request`, { replace: true });
    } catch (cause) {
      if (cause instanceof ApiError && cause.isPassing) begin();
      else setError(cause);
      setBusy(false);
    }
  };
  return (
    <PatientGate patient={`Patient/${patient}`} name={nameOf(one.name)}>
      <div className="q-card q-stack">
        <div className="q-between">
          <div>
            <p className="q-strong">{nameOf(one.name)}</p>
            <p className="q-dim q-num">{detail(one)}</p>
          </div>
          <Button variant="subtle" size="compact-sm" onClick={onOther}>
            {t('consult.new.other_patient')}
          </Button>
        </div>
        <Answered query={receivers}>
          {(all) =>
            all.length === 0 ? (
              <EmptyCard title={t('consult.new.no_receiver')}>{t('consult.new.no_receiver_help')}</EmptyCard>
            ) : (
              <NativeSelect
                label={t('consult.field.receiver')}
                description={t('consult.new.receiver_help')}
                required
                value={receiver}
                onChange={(event) => setPicked(event.currentTarget.value)}
                data={[{ value: '', label: t('consult.choose') }, ...all.map((choice) => ({ value: choice.reference, label: nameIn(choice) }))]}
              />
            )
          }
        </Answered>
        {error !== undefined && <ErrorCard error={error} />}
        <Button onClick={() => void start()} loading={busy} disabled={receiver === ''}>
          {t('consult.new.start')}
        </Button>
      </div>
    </PatientGate>
  );
}
