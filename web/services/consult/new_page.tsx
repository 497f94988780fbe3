/** The start of a request: which patient, which hospital. Everything else is written in the case itself, which keeps it. */
import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { useQuery } from '../../api/cache';
import { readReceivers } from '../../api/directory';
import { nameOf, readResource, type Patient } from '../../api/fhir';
import { createCase } from '../../api/flow';
import { ApiError, newId } from '../../api/http';
import { keptTexts } from '../../api/kept_texts';
import { newName, outbox, type NewRequest } from '../../api/outbox';
import { useText } from '../../app/i18n';
import { mayAskForConsultation } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard, ErrorCard } from '../../ui/cards';
import { nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { usePatientDetail } from '../patients/patient_bits';
import { PatientSearch } from '../patients/patient_search';
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
      {patient ? (
        <Start key={patient} patient={patient} onOther={() => setParams({})} />
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

function Start({ patient, onOther }: { patient: string; onOther: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const detail = usePatientDetail();
  const person = useQuery(`patient:${patient}`, (signal) => readResource<Patient>(`Patient/${patient}`, signal));
  const receivers = useQuery('receivers', readReceivers);
  const [picked, setPicked] = useState(localStorage.getItem(kLastReceiver) ?? '');
  const [createId] = useState(newId);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const choices = receivers.data ?? [];
  const receiver = choices.some((one) => one.reference === picked) ? picked : choices.length === 1 ? (choices[0]?.reference ?? '') : '';
  /** No line: the request lies here under the same id, so it becomes one case even if the server has heard of it. */
  const begin = (one: Patient) => {
    const value: RequestState = { ...kEmptyRequest, receiver };
    const facts: PatientFacts = { sex: one.gender, ageYears: yearsAt(one.birthDate), attached: 0 };
    keptTexts.set(newName(createId), {
      patient: `Patient/${patient}`,
      patientName: nameOf(one.name),
      ...(one.gender ? { sex: one.gender } : {}),
      ...(one.birthDate ? { birthDate: one.birthDate } : {}),
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
    setBusy(true);
    setError(undefined);
    try {
      const id = await createCase({ machine: 'consult', createId, patient: `Patient/${patient}`, fields: { receiver } });
      localStorage.setItem(kLastReceiver, receiver);
      refreshCase(id);
      void navigate(`/app/consult/${id}/request`, { replace: true });
    } catch (cause) {
      const one = person.data;
      if (cause instanceof ApiError && cause.isPassing && one) begin(one);
      else setError(cause);
      setBusy(false);
    }
  };
  return (
    <Answered query={person}>
      {(one) => (
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
      )}
    </Answered>
  );
}
