/**
 * A request begun without a line: there is no case yet. It lies sealed on this device and goes by itself; then this page gives
 * way to the request in its case, where the patient's consent and the doctor's signature are asked for.
 */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useDeviceReady } from '../../api/device';
import { isUnregistered, newName, outbox, placeOf, useArrivals, useOutbox, type NewRequest } from '../../api/outbox';
import { keptTexts } from '../../api/kept_texts';
import { useText } from '../../app/i18n';
import { useTabWork } from '../../app/tab_work';
import { useTitle } from '../../app/title';
import { Busy, EmptyCard, ErrorCard } from '../../ui/cards';
import { formatDateTime } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { PatientGate } from '../cases/patient_gate';
import { DiscardText } from './discard';
import { FactsForm } from './facts_form';
import { PhotoCapture } from './photo_capture';
import { QuestionForm } from './question_form';
import { toForm, yearsAt, type PatientFacts, type RequestState } from './request_form';

export default function OfflineRequestPage() {
  const t = useText();
  const navigate = useNavigate();
  const { createId = '' } = useParams();
  const isReady = useDeviceReady();
  const item = useOutbox().find((one) => one.name === newName(createId));
  const arrived = useArrivals().find((one) => one.createId === createId);
  useTitle(t('app.new_consultation'));
  useEffect(() => {
    if (!arrived) return;
    outbox.seen(createId);
    void navigate(`/app/consult/${arrived.caseId}/request`, { replace: true });
  }, [arrived, createId, navigate]);
  if (!isReady || arrived) return <div className="q-page q-page-narrow"><Busy /></div>;
  if (!item?.request) {
    return (
      <div className="q-page q-page-narrow">
        <h1>{t('app.new_consultation')}</h1>
        <EmptyCard title={t('consult.offline.gone')} action={<Link to="/app/list/drafts">{t('app.list.drafts')}</Link>}>
          {t('consult.offline.gone_help')}
        </EmptyCard>
      </div>
    );
  }
  return (
    <PatientGate patient={item.request.patient} name={item.request.patientName}>
      <Writing createId={createId} request={item.request} error={item.error} />
    </PatientGate>
  );
}

function Writing({ createId, request, error }: { createId: string; request: NewRequest; error: unknown }) {
  const t = useText();
  const work = useTabWork();
  const name = newName(createId);
  const [step, setStep] = useState<'question' | 'facts' | 'material'>('question');
  const state = request.value as RequestState;
  const patient: PatientFacts = { sex: request.sex, ageYears: yearsAt(request.birthDate), attached: 0 };
  const set = (change: Partial<RequestState>) => {
    const value = { ...state, ...change };
    keptTexts.set(name, { ...request, value, wire: toForm(value, patient), receiver: value.receiver || request.receiver } satisfies NewRequest);
    work.begin(name);
  };
  // Nothing is missing yet: what a request needs is said where it is signed.
  const errors = () => undefined;
  const steps = ['question', 'facts', 'material'] as const;
  return (
    <div className="q-page q-page-narrow">
      <div>
        <h1>{t('app.new_consultation')}</h1>
        <p className="q-strong">{request.patientName}</p>
        {isUnregistered(request.patient) && (
          <p className="q-small">
            {t('consult.offline.patient_first')} <Link to={`/app/patients/new/${request.patient.slice('Patient/new.'.length)}`}>{t('consult.offline.registration')}</Link>
          </p>
        )}
      </div>
      <div className="q-note q-note-warning q-stack-tight" role="status">
        <p className="q-strong">
          <Icon name="alert" size={16} /> {t('consult.offline.title')}
        </p>
        <p>{t('consult.offline.explain')}</p>
        <p className="q-small q-num">{t('consult.offline.begun', { time: formatDateTime(request.begun) })}</p>
      </div>
      {error !== undefined && <ErrorCard error={error} onRetry={() => outbox.run(true)} />}
      {state.urgency === 'emergency' && (
        <p className="q-note q-note-critical q-strong" role="alert">
          {t('consult.offline.emergency')}
        </p>
      )}
      <nav aria-label={t('consult.wizard.steps')}>
        <ol className="q-list w-steps">
          {steps.map((one, index) => (
            <li key={one}>
              <button type="button" className="w-step" aria-current={one === step ? 'step' : undefined} onClick={() => setStep(one)}>
                <span className="w-step-number q-num">{index + 1}</span>
                <span>{t(`consult.step.${one}`)}</span>
              </button>
            </li>
          ))}
        </ol>
      </nav>
      {step === 'question' && <QuestionForm state={state} set={set} errors={errors} />}
      {step === 'facts' && <FactsForm state={state} set={set} patient={patient} errors={errors} />}
      {step === 'material' && (
        <section className="q-card q-stack">
          <h2>{t('consult.material.photos')}</h2>
          <PhotoCapture caseId={placeOf(createId)} number={t('consult.offline.new')} already={0} />
        </section>
      )}
      <div className="q-actions">
        {step !== 'question' && (
          <Button variant="default" onClick={() => setStep(step === 'material' ? 'facts' : 'question')}>
            {t('app.back')}
          </Button>
        )}
        {step !== 'material' && <Button onClick={() => setStep(step === 'question' ? 'facts' : 'material')}>{t('app.next')}</Button>}
        <DiscardText name={name} />
      </div>
    </div>
  );
}
