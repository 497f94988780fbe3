/** Writing the request: five steps, saved as it grows, signed once at the end. */
import { Button, Checkbox } from '@mantine/core';
import { lazy, Suspense, useCallback, useState } from 'react';
import { Link, Navigate, useNavigate, useParams, useSearchParams } from 'react-router';
import { isOfConsent } from '../../api/consent';
import { deleteAttachment, type CaseView, type Move, type RequestForm } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Answered, Busy, ErrorCard, errorText } from '../../ui/cards';
import { nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { useAct } from '../cases/act';
import { refreshCase, useCase } from '../cases/case_query';
import { Moves } from '../cases/moves';
import { SignFields, usePasswordNeeded } from '../cases/sign_fields';
import { AttachmentGrid, StudyList } from './attachments';
import { DraftStatus } from './draft_status';
import { CallPanel } from './emergency';
import { FactsForm } from './facts_form';
import { OfficeNote } from './office_note';
import { PatientBanner } from './patient_banner';
import { countedPhotos, PhotoCapture, useUnsentPhotos } from './photo_capture';
import { QuestionForm } from './question_form';
import { defectsOf, fromForm, kEmptyRequest, kSteps, needsGuardian, toForm, yearsAt, type Defect, type PatientFacts, type RequestState, type Step } from './request_form';
import { RequestView } from './request_view';
import { useDraft } from './use_draft';

/** Pads, sheets and thumbprints come with the step that needs them. */
const ConsentForm = lazy(() => import('./consent_form').then((made) => ({ default: made.ConsentForm })));
const RefusalDialog = lazy(() => import('./consent_refusal').then((made) => ({ default: made.RefusalDialog })));
const RefusedNote = lazy(() => import('./consent_refusal').then((made) => ({ default: made.RefusedNote })));
const LabelsShown = lazy(() => import('../sensitive/case_labels').then((module) => ({ default: module.LabelsShown })));

export default function WizardPage() {
  const t = useText();
  const { id = '' } = useParams();
  const query = useCase(id);
  useTitle(t('consult.wizard.title'));
  return (
    <Answered query={query}>
      {(view) => {
        if (view.view === 'offer') return <Navigate to={`/app/consult/${id}`} replace />;
        const submit = submitMove(view);
        return submit ? <Wizard key={id} view={view} /> : <Navigate to={`/app/consult/${id}`} replace />;
      }}
    </Answered>
  );
}

/** The move that sends the request: to the centre, or to the own office first, as the server's guards have it. */
function submitMove(view: CaseView): Move | undefined {
  const both = view.moves.filter((move) => move.action === 'submit' || move.action === 'submit_to_office');
  return both.find((move) => move.blocked === null) ?? both[0];
}

function attachedOf(view: CaseView): number {
  return (view.items?.attachments ?? []).filter((one) => !isOfConsent(one.kind) && one.kind !== 'key_image').length + (view.items?.studies.length ?? 0);
}

function Wizard({ view }: { view: CaseView }) {
  const t = useText();
  const [params, setParams] = useSearchParams();
  const step = (kSteps as readonly string[]).includes(params.get('step') ?? '') ? (params.get('step') as Step) : 'question';
  const [tried, setTried] = useState<ReadonlySet<Step>>(new Set());
  const [refusing, setRefusing] = useState(false);
  const patient: PatientFacts = { sex: view.patient.sex, ageYears: yearsAt(view.patient.birth_date), attached: attachedOf(view) };
  const initial: RequestState = { ...(view.form ? fromForm(view.form) : kEmptyRequest), receiver: view.form?.receiver ?? view.to?.reference ?? '' };
  const toWire = useCallback((state: RequestState) => toForm(state, patient), [patient.sex, patient.ageYears, patient.attached]);
  const fromWire = useCallback((body: unknown): RequestState => {
    const state = fromForm(body as RequestForm);
    return state.receiver === '' ? { ...state, receiver: view.to?.reference ?? '' } : state;
  }, [view.to?.reference]);
  const draft = useDraft<RequestState>(view.case, 'request', view.drafts?.['request'], initial, toWire, fromWire);
  const { value: state } = draft;
  const set = (change: Partial<RequestState>) => draft.set({ ...state, ...change });
  const unsentPhotos = useUnsentPhotos(view.case).length;
  // What is still on this device would not be signed: it is sent or discarded first.
  const unsentDefect: Defect = { step: 'material', field: 'unsent', key: 'consult.defect.unsent' };
  const defects = unsentPhotos === 0 ? defectsOf(state, patient) : [...defectsOf(state, patient).filter((one) => one.field !== 'attachments'), unsentDefect];
  const errors = (field: string) => {
    const defect = defects.find((one) => one.field === field);
    return defect && tried.has(defect.step) ? t(defect.key) : undefined;
  };
  const go = (to: Step) => {
    // Signing shows every defect; leaving a step shows its own.
    setTried((before) => new Set([...before, step, ...(to === 'review' ? kSteps : [])]));
    void draft.flush();
    setParams({ step: to });
    window.scrollTo(0, 0);
    document.getElementById('main')?.scrollTo(0, 0);
  };
  const at = kSteps.indexOf(step);
  return (
    <>
      <PatientBanner case={view} />
      <div className="q-page q-page-narrow">
        <StepBar step={step} defects={(one) => defects.filter((defect) => defect.step === one).length} onGo={go} seen={tried} />
        <DraftStatus draft={draft} />
        {view.consent?.state === 'refused' && (
          <Suspense fallback={<Busy />}>
            <RefusedNote case={view} consent={view.consent} onDiscard={draft.drop} />
          </Suspense>
        )}
        <OfficeNote office={view.office} />
        {state.urgency === 'emergency' && view.moves.some((move) => move.action === 'call_emergency' && move.blocked === null) && <CallPanel view={view} draft={draft} onFacts={() => go('facts')} />}
        {step === 'question' && <QuestionForm state={state} set={set} errors={errors} />}
        {step === 'facts' && <FactsForm state={state} set={set} patient={patient} errors={errors} />}
        {step === 'material' && <Material view={view} state={state} set={set} patient={patient} error={errors('attachments')} />}
        {step === 'consent' && view.patient.reference && (
          <Suspense fallback={null}>
            <LabelsShown patient={view.patient.reference} value={state.labelsShown} onChange={(labelsShown) => set({ labelsShown })} />
          </Suspense>
        )}
        {step === 'consent' && (
          <section className="q-card">
            <Suspense fallback={<Busy />}>
              <ConsentForm caseId={view.case} number={view.number ?? ''} receiver={state.receiver} value={state.consent} onChange={(consent) => set({ consent })} guardian={needsGuardian(patient)} patientName={view.patient.name ?? ''} errors={errors} onRefused={() => setRefusing(true)} />
              {refusing && <RefusalDialog case={view} receiver={state.receiver} consent={state.consent} onClose={() => setRefusing(false)} />}
            </Suspense>
          </section>
        )}
        {step === 'review' && <Review view={view} draft={draft} defects={defects} patient={patient} onGo={go} />}
        <div className="q-actions">
          {at > 0 && (
            <Button variant="default" onClick={() => go(kSteps[at - 1] ?? 'question')}>
              {t('app.back')}
            </Button>
          )}
          {step !== 'review' && <Button onClick={() => go(kSteps[at + 1] ?? 'review')}>{t('app.next')}</Button>}
        </div>
        {step === 'review' && (
          <details>
            <summary>{t('consult.wizard.other_moves')}</summary>
            <div className="w-other">
              <Moves case={view} except={['submit', 'submit_to_office', 'call_emergency', 'refuse_consent']} takeDraft={draft.flush} />
            </div>
          </details>
        )}
      </div>
    </>
  );
}

function StepBar({ step, defects, seen, onGo }: { step: Step; defects: (step: Step) => number; seen: ReadonlySet<Step>; onGo: (step: Step) => void }) {
  const t = useText();
  return (
    <nav aria-label={t('consult.wizard.steps')}>
      <ol className="q-list w-steps">
        {kSteps.map((one, index) => {
          const open = defects(one);
          return (
            <li key={one}>
              <button type="button" className="w-step" aria-current={one === step ? 'step' : undefined} onClick={() => onGo(one)}>
                <span className="w-step-number q-num">{open === 0 && one !== 'review' ? <Icon name="check" size={14} /> : index + 1}</span>
                <span>{t(`consult.step.${one}`)}</span>
                {seen.has(one) && open > 0 && <span className="s-count s-count-live" aria-label={t('consult.wizard.missing', { count: open })}>{open}</span>}
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

function Material({ view, state, set, patient, error }: { view: CaseView; state: RequestState; set: (change: Partial<RequestState>) => void; patient: PatientFacts; error: string | undefined }) {
  const t = useText();
  const [failed, setFailed] = useState<unknown>();
  const unsentPhotos = useUnsentPhotos(view.case).length;
  const photos = view.items?.attachments ?? [];
  const remove = (n: number) => {
    setFailed(undefined);
    deleteAttachment(view.case, n).then(() => refreshCase(view.case), setFailed);
  };
  return (
    <>
      <section className="q-card q-stack">
        <h2>{t('consult.material.photos')}</h2>
        <AttachmentGrid attachments={photos} onRemove={remove} />
        {failed !== undefined && <ErrorCard error={failed} />}
        <PhotoCapture caseId={view.case} number={view.number ?? ''} already={countedPhotos(view)} />
      </section>
      <section className="q-card q-stack">
        <div className="q-between">
          <h2>{t('consult.material.studies')}</h2>
          <Button component={Link} to={`/app/consult/${view.case}/images`} variant="default" size="compact-md" leftSection={<Icon name="image" size={16} />}>
            {t('consult.material.find_studies')}
          </Button>
        </div>
        <StudyList studies={view.items?.studies ?? []} />
      </section>
      {patient.attached === 0 && unsentPhotos === 0 && (
        <section className="q-card">
          <Checkbox label={t('consult.material.nothing_to_add')} checked={state.attachments === 'none'} onChange={(event) => set({ attachments: event.currentTarget.checked ? 'none' : '' })} error={error} />
        </section>
      )}
    </>
  );
}

function Review({ view, draft, defects, patient, onGo }: { view: CaseView; draft: ReturnType<typeof useDraft<RequestState>>; defects: ReturnType<typeof defectsOf>; patient: PatientFacts; onGo: (step: Step) => void }) {
  const t = useText();
  const navigate = useNavigate();
  const act = useAct();
  const passwordNeeded = usePasswordNeeded();
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const [unsaved, setUnsaved] = useState(false);
  const form = toForm(draft.value, patient);
  const submit = submitMove(view);
  const photos = (view.items?.attachments ?? []).filter((one) => !isOfConsent(one.kind)).length;
  const studies = view.items?.studies.length ?? 0;
  const send = async () => {
    setTried(true);
    if (defects.length > 0 || passwordNeeded(password)) return;
    setUnsaved(false);
    const version = await draft.flush();
    if (version === undefined) {
      setUnsaved(true);
      return;
    }
    const done = await act.run({ id: view.case, version: view.version, action: submit?.action ?? 'submit', signs: true, password, fields: { draft: version } });
    if (done) {
      draft.drop();
      void navigate(`/app/consult/${view.case}`, { replace: true });
    } else setPassword('');
  };
  return (
    <>
      <section className="q-card q-stack">
        <h2>{t('consult.wizard.review')}</h2>
        <RequestView form={form} />
        <AttachmentGrid attachments={view.items?.attachments ?? []} />
        <StudyList studies={view.items?.studies ?? []} />
      </section>
      {defects.length > 0 ? (
        <section className="q-note q-note-warning q-stack-tight" role="alert">
          <p className="q-strong">{t('consult.wizard.missing', { count: defects.length })}</p>
          <ul>
            {defects.map((defect) => (
              <li key={defect.field}>
                <button type="button" className="a-remove" onClick={() => onGo(defect.step)}>
                  {t(`consult.step.${defect.step}`)}: {t(`consult.field.${defect.field.replace(/^(vitals|pregnancy)\..*$/, '$1')}`)}
                </button>
                {' — '}
                {t(defect.key)}
              </li>
            ))}
          </ul>
        </section>
      ) : (
        <form
          className="q-card q-stack"
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <SignFields
            statement={t('consult.wizard.sign_statement', { receiver: nameIn(view.to), patient: view.patient.name ?? '' })}
            lines={[t('consult.wizard.sign_request'), t('consult.wizard.sign_material', { photos, studies }), t('consult.wizard.sign_consent', { name: draft.value.consent.name })]}
            password={password}
            onPassword={setPassword}
            error={act.wrongPassword ? errorText(act.error) : tried && passwordNeeded(password) ? t('consult.sign.password_needed') : undefined}
          />
          {unsaved && draft.error && <ErrorCard error={draft.error} />}
          {act.error !== undefined && !act.wrongPassword && <ErrorCard error={act.error} />}
          {submit?.blocked && <p className="q-warning">{t('consult.moves.blocked', { reason: textOr(`error.${submit.blocked}`, submit.blocked), move: t('consult.move.submit') })}</p>}
          {submit?.action === 'submit_to_office' && <p className="q-small q-dim">{t('consult.submit_to_office_note')}</p>}
          <Button type="submit" data-action={submit?.action} loading={act.busy || draft.state === 'saving'} disabled={Boolean(submit?.blocked)} leftSection={<Icon name="pen" size={16} />}>
            {t('consult.wizard.sign_and_send')}
          </Button>
        </form>
      )}
    </>
  );
}
