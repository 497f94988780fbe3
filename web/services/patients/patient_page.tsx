/** One patient: identity, running cases, earlier record. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { useQuery } from '../../api/cache';
import { nameOf, readResource, searchResources, type CodeableConcept, type Patient } from '../../api/fhir';
import { readRights } from '../../api/sensitive';
import { textOr, useText } from '../../app/i18n';
import { mayAskForConsultation, mayRegisterPatients } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered } from '../../ui/cards';
import { formatDateTime } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { RecordTimeline } from '../../ui/record_timeline';
import { PatientGate } from '../cases/patient_gate';
import { Consents } from './consents';
import { IdentifyDialog, isTemporary, joinedHere, joinedTo, JoinedNote, linkedTo } from './joining';
import { Death } from './death';
import { usePatientDetail } from './patient_bits';
import { PhonesCard } from './phones';
import { documentKindOf } from './registration';
import { RightsCard } from './rights_card';
import '../sensitive/labels.css';

interface Task {
  resourceType: 'Task';
  id?: string;
  code?: CodeableConcept;
  businessStatus?: CodeableConcept;
  authoredOn?: string;
  lastModified?: string;
}

/** The opinion is signed: it can be printed for the patient. */
const kWithOpinion = new Set(['opinion_signed', 'filed', 'feedback_due', 'closed']);

export default function PatientPage() {
  const t = useText();
  const { id = '' } = useParams();
  const session = useSession();
  const detail = usePatientDetail();
  const [identifying, setIdentifying] = useState(false);
  useTitle(t('patients.page.title'));
  // Phones are bound by who has the patient in care, not by a case or emergency access.
  const rights = useQuery(`rights:${id}`, (signal) => readRights(id, signal));
  const patient = useQuery(`patient:${id}`, (signal) => readResource<Patient>(`Patient/${id}`, signal));
  return (
    <div className="q-page">
      <Answered query={patient}>
        {(person) => (
          <PatientGate patient={`Patient/${id}`} name={nameOf(person.name)}>
            <div className="q-between">
              <div>
                <h1>{nameOf(person.name)}</h1>
                <p className="q-dim q-num">{detail(person)}</p>
                {person.deceasedDateTime && <p className="q-chip q-chip-critical">{t('consult.banner.deceased', { time: formatDateTime(person.deceasedDateTime) })}</p>}
              </div>
              <div className="q-actions">
                {mayRegisterPatients(session) && isTemporary(person) && (
                  <Button variant="default" onClick={() => setIdentifying(true)}>
                    {t('patients.identify.title')}
                  </Button>
                )}
                {mayRegisterPatients(session) && joinedTo(person) === undefined && <Death patient={person} id={id} />}
                {mayAskForConsultation(session) && joinedTo(person) === undefined && !person.deceasedDateTime && (
                  <Button component={Link} to={`/app/consult/new?patient=${id}`} leftSection={<Icon name="plus" />}>
                    {t('app.new_consultation')}
                  </Button>
                )}
              </div>
            </div>
            <JoinedNote patient={person} may={mayRegisterPatients(session)} />
            {identifying && <IdentifyDialog patient={person} onClose={() => setIdentifying(false)} />}
            <div className="q-grid-2">
              <section className="q-card">
                <h2>{t('patients.page.identity')}</h2>
                <dl className="q-facts">
                  {(person.identifier ?? []).map((one) => {
                    const kind = documentKindOf(one.system);
                    return (
                      <div key={`${one.system}${one.value}`} className="p-fact">
                        <dt>{kind === 'temporary' ? t('patients.temporary') : kind ? t(`patients.document.${kind}`) : t('patients.institution_number')}</dt>
                        <dd className="q-num">{one.value}</dd>
                      </div>
                    );
                  })}
                  {(person.telecom ?? []).map((one) => (
                    <div key={one.value} className="p-fact">
                      <dt>{t('patients.phone')}</dt>
                      <dd className="q-num">{one.value}</dd>
                    </div>
                  ))}
                  {person.address?.[0]?.text && (
                    <div className="p-fact">
                      <dt>{t('patients.address')}</dt>
                      <dd>{person.address[0].text}</dd>
                    </div>
                  )}
                </dl>
              </section>
              <div className="q-stack">
                <Cases patient={id} />
                <Consents patient={id} />
              </div>
            </div>
            {mayRegisterPatients(session) && rights.data?.mayLabel && <PhonesCard patient={person} />}
            <RightsCard patient={id} />
            <section className="q-card">
              <h2>{t('patients.page.record')}</h2>
              <RecordTimeline patient={`Patient/${id}`} />
              {[...joinedHere(person).map((reference) => ({ reference, from: t('patients.joined.from') })), ...linkedTo(person).map((reference) => ({ reference, from: t('patients.linked.from') }))].map(({ reference, from }) => (
                <div key={reference} className="q-stack">
                  <h3>
                    {from} <Link to={`/app/patients/${reference.replace('Patient/', '')}`}>{t('patients.joined.open')}</Link>
                  </h3>
                  <RecordTimeline patient={reference} />
                </div>
              ))}
            </section>
          </PatientGate>
        )}
      </Answered>
    </div>
  );
}

function Cases({ patient }: { patient: string }) {
  const t = useText();
  const query = useQuery(`case:of:${patient}`, (signal) => searchResources<Task>('Task', { patient: `Patient/${patient}`, _sort: '-_lastUpdated', _count: '20' }, signal));
  return (
    <section className="q-card">
      <h2>{t('patients.page.cases')}</h2>
      <Answered query={query}>
        {(found) => {
          // The parts of a case are tasks too; they stand under it.
          const tasks = found.filter((task) => task.code?.coding?.[0]?.code !== 'part');
          return tasks.length === 0 ? (
            <p className="q-dim">{t('patients.page.no_cases')}</p>
          ) : (
            <ul className="q-list q-stack-tight">
              {tasks.map((task) => {
                const state = task.businessStatus?.coding?.[0]?.code ?? '';
                const machine = task.businessStatus?.coding?.[0]?.system?.replace(/^.*qiao[-:/](?=[a-z_]+$)/, '') ?? 'consult';
                return (
                  <li key={task.id}>
                    <Link to={machine === 'consult' ? `/app/consult/${task.id}` : `/app/cases/${task.id}`}>{textOr(`${machine}.title`, task.code?.text ?? machine)}</Link> <span className="q-chip">{textOr(`${machine}.state.${state}`, state)}</span>{' '}
                    <span className="q-small q-dim q-num">{formatDateTime(task.authoredOn ?? task.lastModified)}</span>{' '}
                    {kWithOpinion.has(state) && (
                      <a href={`/flow/cases/${task.id}/opinion.pdf`} target="_blank" rel="noreferrer">
                        {t('patients.page.print_opinion')}
                      </a>
                    )}
                  </li>
                );
              })}
            </ul>
          );
        }}
      </Answered>
    </section>
  );
}
