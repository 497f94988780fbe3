/** What patients ask of the privacy officer: the next one due first, each with its answer. */
import { Button, NativeSelect, Textarea } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { useQuery } from '../../api/cache';
import { readOrganisations } from '../../api/people';
import { answerRequest, readPatientRequests, takeRequest, type PatientRequest } from '../../api/patients';
import { useText } from '../../app/i18n';
import { answersPatients } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Act } from '../../ui/act_dialog';
import { Answered, EmptyCard } from '../../ui/cards';
import { formatDate, formatDateTime, formatDuration, nameIn } from '../../ui/format';

export default function PatientRequestsPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.patient_requests'));
  const may = answersPatients(session);
  const query = useQuery(may ? 'access:patient-requests' : undefined, readPatientRequests);
  const [answering, setAnswering] = useState<PatientRequest>();
  if (!may) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  const take = (one: PatientRequest) => void takeRequest(one.id).finally(query.reload);
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.nav.patient_requests')}</h1>
      <p className="q-dim">{t('people.requests.explain')}</p>
      <Answered query={query}>
        {(all) => (all.length === 0 ? <EmptyCard title={t('people.requests.none')}>{t('people.requests.none_help')}</EmptyCard> : <>{all.map((one) => <RequestCard key={one.id} request={one} onTake={take} onAnswer={setAnswering} />)}</>)}
      </Answered>
      {answering && <Answer request={answering} onClose={() => setAnswering(undefined)} onDone={() => (setAnswering(undefined), query.reload())} />}
    </div>
  );
}

function Due({ request }: { request: PatientRequest }) {
  const t = useText();
  if (request.state === 'answered') return <span className="q-chip q-chip-ok">{t('people.requests.state.answered')}</span>;
  const left = new Date(request.due).getTime() - Date.now();
  if (left < 0) return <span className="q-chip q-chip-critical">{t('people.requests.late', { age: formatDuration(left) })}</span>;
  return <span className={`q-chip ${left < 3 * 86_400_000 ? 'q-chip-warning' : 'q-chip-info'}`}>{t('people.requests.left', { age: formatDuration(left) })}</span>;
}

function RequestCard({ request, onTake, onAnswer }: { request: PatientRequest; onTake: (one: PatientRequest) => void; onAnswer: (one: PatientRequest) => void }) {
  const t = useText();
  return (
    <section className="q-card q-stack-tight" data-request={request.number}>
      <div className="q-between">
        <h2>
          {t(`people.requests.kind.${request.kind}`)} <span className="q-dim q-num">{request.number}</span>
        </h2>
        <Due request={request} />
      </div>
      <p>
        <span className="q-strong">{request.patient.name}</span> <span className="q-dim q-num">{request.patient.birthDate}</span>
        {request.askedBy && request.askedBy !== request.patient.name && <span className="q-dim"> · {t('people.requests.asked_by', { name: request.askedBy })}</span>}
        {request.phone && <span className="q-dim q-num"> · {request.phone}</span>}
      </p>
      <p className="q-pre">{request.text}</p>
      {request.item && <p className="q-small q-dim">{t('people.requests.about', { item: request.item })}</p>}
      <p className="q-small q-dim">
        {t('people.requests.dates', { created: formatDateTime(request.created), due: formatDate(request.due) })}
        {request.officer && ` · ${nameIn({ name: request.officer, nameEn: request.officerEn })}`}
      </p>
      {request.state === 'answered' && (
        <div className="q-note q-stack-tight">
          <p className="q-strong">
            {t(`people.requests.outcome.${request.outcome ?? 'done'}`)} · {formatDateTime(request.answered)}
          </p>
          {request.answer && <p className="q-pre">{request.answer}</p>}
        </div>
      )}
      {request.state !== 'answered' && (
        <div className="q-actions">
          <Button variant="subtle" component={Link} to={`/app/access/looks?patient=${request.patient.id.replace('Patient/', '')}`}>
            {t('app.nav.looks')}
          </Button>
          <Button onClick={() => onAnswer(request)}>{t('people.requests.answer')}</Button>
          {request.state === 'open' && (
            <Button variant="default" onClick={() => onTake(request)}>
              {t('people.requests.take')}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

function Answer({ request, onClose, onDone }: { request: PatientRequest; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const [outcome, setOutcome] = useState('');
  const [text, setText] = useState('');
  const [against, setAgainst] = useState(request.item.startsWith('Organization/') ? request.item : '');
  const granted = request.kind === 'objection' && (outcome === 'done' || outcome === 'partly');
  const organisations = useQuery(granted ? 'organisations' : undefined, readOrganisations);
  return (
    <Act title={t('people.requests.answer_to', { number: request.number })} submit={t('people.requests.answer')} run={() => answerRequest(request.id, outcome, text, granted ? against : '')} onClose={onClose} onDone={onDone}>
      <p className="q-note q-pre">{request.text}</p>
      <NativeSelect
        label={t('people.requests.outcome')}
        required
        value={outcome}
        onChange={(event) => setOutcome(event.currentTarget.value)}
        data={[{ value: '', label: t('people.choose') }, ...(['done', 'partly', 'refused'] as const).map((one) => ({ value: one, label: t(`people.requests.outcome.${one}`) }))]}
      />
      {granted && (
        <NativeSelect
          label={t('people.requests.against')}
          description={t('people.requests.against_help')}
          value={against}
          onChange={(event) => setAgainst(event.currentTarget.value)}
          data={[{ value: '', label: t('people.requests.against_none') }, ...(organisations.data ?? []).map((one) => ({ value: one.resource, label: nameIn(one) }))]}
        />
      )}
      <Textarea label={t('people.requests.text')} description={t('people.requests.text_help')} autosize minRows={4} required maxLength={1200} value={text} onChange={(event) => setText(event.currentTarget.value)} />
    </Act>
  );
}
