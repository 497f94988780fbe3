/** Images for a case: what lies in it, what waits in the own institution, and files from this computer. "This is my patient" is said beside both identities. */
import { Button, Checkbox } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link, Navigate, useParams } from 'react-router';
import { useQuery, type Query } from '../../api/cache';
import { readIdentity, readUnmatched, type CaseView, type UnmatchedStudy } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard, ErrorCard } from '../../ui/cards';
import { formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { useAct } from '../cases/act';
import { useCase } from '../cases/case_query';
import { MoveDialog } from '../cases/moves';
import { StudyList } from './attachments';
import { DicomUpload } from './dicom_upload';
import { IdentityTable } from './identity_pair';
import { PatientBanner } from './patient_banner';

const kUnmatchedMs = 15_000;

/** Studies come from devices, not from moves of a case: while one waits for them, the list is asked again. */
export function useUnmatched(): Query<UnmatchedStudy[]> {
  const query = useQuery('list:unmatched', readUnmatched);
  const { reload } = query;
  useEffect(() => {
    const timer = setInterval(reload, kUnmatchedMs);
    return () => clearInterval(timer);
  }, [reload]);
  return query;
}

export default function ImagesPage() {
  const t = useText();
  const { id = '' } = useParams();
  const query = useCase(id);
  useTitle(t('consult.images.title'));
  return (
    <Answered query={query}>
      {(view) => (view.view === 'offer' ? <Navigate to={`/app/consult/${id}`} replace /> : <Images view={view} />)}
    </Answered>
  );
}

function Images({ view }: { view: CaseView }) {
  const t = useText();
  const [comparing, setComparing] = useState('');
  const [detaching, setDetaching] = useState('');
  const [justSent, setJustSent] = useState<readonly string[]>([]);
  const attach = view.moves.find((move) => move.action === 'attach_study');
  const detach = view.moves.find((move) => move.action === 'detach_study');
  const unmatched = useUnmatched();
  const studies = view.items?.studies ?? [];
  const back = view.state === 'draft' ? `/app/consult/${view.case}/request?step=material` : `/app/consult/${view.case}`;
  return (
    <>
      <PatientBanner case={view} />
      <div className="q-page q-page-narrow">
        <div className="q-between">
          <h2>{t('consult.images.title')}</h2>
          <Link to={back}>{t('consult.images.back')}</Link>
        </div>
        <section className="q-card q-stack">
          <h2>{t('consult.images.in_case')}</h2>
          <StudyList
            studies={studies}
            action={(study) => (
              <span className="q-row">
                {!study.confirmed && attach && attach.blocked === null && (
                  <Button size="compact-sm" onClick={() => setComparing(study.study_uid)}>
                    {t('consult.images.confirm')}
                  </Button>
                )}
                {detach && detach.blocked === null && (
                  <Button size="compact-sm" variant="default" onClick={() => setDetaching(study.study_uid)}>
                    {t('consult.move.detach_study')}
                  </Button>
                )}
              </span>
            )}
          />
          {studies.some((study) => study.study_uid === comparing) && <Compare view={view} studyUid={comparing} onDone={() => setComparing('')} />}
        </section>
        <section className="q-card q-stack">
          <h2>{t('consult.images.waiting')}</h2>
          <p className="q-dim">{t('consult.images.waiting_help')}</p>
          <Answered query={unmatched}>
            {(all) =>
              all.length === 0 ? (
                <p className="q-dim">{t('consult.images.none_waiting')}</p>
              ) : (
                <ul className="q-list q-stack">
                  {[...all]
                    .sort((a, b) => Number(justSent.includes(b.study_uid)) - Number(justSent.includes(a.study_uid)) || b.received.localeCompare(a.received))
                    .map((study) => (
                      <li key={study.study_uid} className="q-card q-stack">
                        <UnmatchedLine study={study} fresh={justSent.includes(study.study_uid)} />
                        {attach && attach.blocked === null && comparing !== study.study_uid && (
                          <div>
                            <Button size="compact-md" variant="default" onClick={() => setComparing(study.study_uid)}>
                              {t('consult.images.compare')}
                            </Button>
                          </div>
                        )}
                        {comparing === study.study_uid && <Compare view={view} studyUid={study.study_uid} onDone={() => setComparing('')} />}
                      </li>
                    ))}
                </ul>
              )
            }
          </Answered>
        </section>
        <section className="q-card q-stack">
          <h2>{t('consult.images.upload')}</h2>
          <DicomUpload
            onStudies={(uids) => {
              setJustSent((before) => [...new Set([...before, ...uids])]);
              unmatched.reload();
            }}
          />
        </section>
      </div>
      {detach && detaching && <MoveDialog case={view} move={detach} given={{ study_uid: detaching }} onClose={() => setDetaching('')} />}
    </>
  );
}

export function UnmatchedLine({ study, fresh = false }: { study: UnmatchedStudy; fresh?: boolean }) {
  const t = useText();
  return (
    <div className="q-stack-tight">
      <span className="q-row">
        <span className="q-chip q-chip-info">{study.modality}</span>
        <span className="q-strong">{study.description || t('consult.material.no_description')}</span>
        {fresh && <span className="q-chip q-chip-ok">{t('consult.images.just_sent')}</span>}
      </span>
      <span>
        {study.identity.name} · <span className="q-num">{[study.identity.id, study.identity.birth_date].filter(Boolean).join(' · ')}</span>
      </span>
      <span className="q-small q-dim q-num">
        {[nameIn(study.organisation), study.station, formatDateTime(study.started), t('consult.material.images', { count: study.instances })].filter(Boolean).join(' · ')}
      </span>
    </div>
  );
}

function Compare({ view, studyUid, onDone }: { view: CaseView; studyUid: string; onDone: () => void }) {
  const t = useText();
  const act = useAct();
  const [sure, setSure] = useState(false);
  const query = useQuery(`case:${view.case}:identity:${studyUid}`, (signal) => readIdentity(view.case, studyUid, signal));
  return (
    <Answered query={query}>
      {(pair) => {
        const differs = pair.differences.length > 0;
        const names = pair.differences.map((one) => textOr(`consult.identity.${one}`, one)).join(t('app.comma'));
        return (
          <div className="q-stack">
            <IdentityTable pair={pair} />
            {differs ? (
              <p className="q-note q-note-critical q-strong" role="alert">
                <Icon name="alert" size={16} /> {t('consult.identity.differs', { list: names })}
              </p>
            ) : (
              <p className="q-note q-note-ok">{t('consult.identity.same')}</p>
            )}
            <Checkbox checked={sure} onChange={(event) => setSure(event.currentTarget.checked)} label={differs ? t('consult.identity.sure_despite', { list: names }) : t('consult.identity.sure')} />
            {act.error !== undefined && <ErrorCard error={act.error} onRetry={query.reload} />}
            <div className="q-actions">
              <Button
                disabled={!sure}
                loading={act.busy}
                color={differs ? 'red.9' : undefined}
                onClick={() => void act.run({ id: view.case, version: view.version, action: 'attach_study', signs: false, password: '', fields: { study_uid: studyUid, confirmed: true, differences: pair.differences } }).then((done) => done && onDone())}
              >
                {t('consult.images.this_is_my_patient')}
              </Button>
              <Button variant="default" onClick={onDone}>
                {t('app.cancel')}
              </Button>
            </div>
          </div>
        );
      }}
    </Answered>
  );
}

export function NothingUnmatched() {
  const t = useText();
  return <EmptyCard title={t('consult.images.none_waiting')}>{t('consult.images.none_waiting_help')}</EmptyCard>;
}
