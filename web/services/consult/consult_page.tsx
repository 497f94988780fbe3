/** One consultation for everybody who has a part in it: what it says, what lies in it, what came back, what can be done now. */
import { Button } from '@mantine/core';
import { lazy, Suspense, useEffect } from 'react';
import { Link, Navigate, useParams } from 'react-router';
import { ApiError } from '../../api/http';
import { notePrinted, type CaseView, type CodedItem } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered, EmptyCard } from '../../ui/cards';
import { ClockChip } from '../../ui/case_bits';
import { formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { useCase } from '../cases/case_query';
import { lastMissingItems, missingItemText } from '../cases/move_fields';
import { Moves } from '../cases/moves';
import { Timeline } from '../cases/timeline';
import { AttachmentGrid, StudyList } from './attachments';
import { ClinicCardView } from './clinic_card_view';
import { ConsentCard } from './consent_card';
import { Messages } from './messages';
import { OfferView } from './offer_view';
import { OpinionView } from './opinion_view';
import { PatientBanner } from './patient_banner';
import { countedPhotos, PhotoCapture } from './photo_capture';
import { RequestView } from './request_view';
import { EmergencyNote } from './emergency';
import { ExpertParts } from './expert_parts';
import { OfficeNote } from './office_note';
import { ReturnedNote } from './returned_note';

const CaseLabels = lazy(() => import('../sensitive/case_labels').then((module) => ({ default: module.CaseLabels })));

export default function ConsultPage() {
  const t = useText();
  const { id = '' } = useParams();
  const query = useCase(id);
  useTitle(t('consult.title'));
  if (query.error instanceof ApiError && query.error.status === 404 && !query.loading) {
    return (
      <div className="q-page q-page-narrow">
        <EmptyCard title={t('error.flow.no_case')} action={<Link to="/app/today">{t('app.nav.today')}</Link>}>
          {t('consult.gone_help')}
        </EmptyCard>
      </div>
    );
  }
  return (
    <Answered query={query}>
      {(view) => {
        if (view.view === 'offer') return <OfferView view={view} />;
        if (view.machine !== 'consult') return <Navigate to={`/app/cases/${id}`} replace />;
        if (view.state === 'draft' && view.moves.some((move) => move.action === 'submit' || move.action === 'submit_to_office')) return <Navigate to={`/app/consult/${id}/request`} replace />;
        return <Consultation view={view} />;
      }}
    </Answered>
  );
}

function Consultation({ view }: { view: CaseView }) {
  const t = useText();
  const session = useSession();
  const missing = view.moves.some((move) => move.action === 'resubmit' || move.action === 'proceed_without') ? lastMissingItems(view) : [];
  const readBack = view.clocks.find((clock) => clock.name === 'read_back' && !clock.stopped);
  const isReader = view.my_roles.some((role) => role === 'expert' || role === 'lead_expert' || role === 'duty_expert');
  const writes = view.moves.some((move) => move.action === 'sign' || move.action === 'amend');
  useEffect(() => {
    // Also when the browser's own menu prints. Paper is not held up by a line that is down; the next reading is audited anyhow.
    const note = () => void notePrinted(view.case).catch(() => undefined);
    window.addEventListener('beforeprint', note);
    return () => window.removeEventListener('beforeprint', note);
  }, [view.case]);
  const hasStudies = (view.items?.studies.length ?? 0) > 0;
  return (
    <>
      <PatientBanner case={view} />
      <div className="q-page cp-page">
        <div className="cp-main q-stack">
          {view.emergency && <EmergencyNote view={view} emergency={view.emergency} />}
          <OfficeNote office={view.office} />
          {missing.length > 0 && <ReturnedNote case={view} missing={missing} />}
          {view.state === 'returned' && missing.length === 0 && lastMissingItems(view).length > 0 && (
            <section className="q-note q-stack-tight">
              <p className="q-strong">{t('consult.returned.waiting')}</p>
              <MissingList items={lastMissingItems(view)} />
            </section>
          )}
          {readBack && view.moves.some((move) => move.action === 'read_back') && (
            <div className="q-note q-note-critical q-between cp-first" role="alert">
              <span className="q-strong">{t('consult.read_back.wanted')}</span>
              <ClockChip clock={readBack} />
            </div>
          )}
          {view.opinion && (
            <section className="q-card q-stack">
              <h2>{t('consult.opinion.title')}</h2>
              <OpinionView case={view} opinion={view.opinion} />
            </section>
          )}
          <ExpertParts parts={view.parts ?? []} />
          <section className="q-card q-stack">
            <h2>{t('consult.request.title')}</h2>
            {view.form ? <RequestView form={view.form} /> : <p className="q-dim">{t('consult.not_written')}</p>}
          </section>
          <section className="q-card q-stack">
            <div className="q-between">
              <h2>{t('consult.material.title')}</h2>
              <span className="q-row">
                {view.moves.some((move) => move.action === 'attach_study') && (
                  <Button component={Link} to={`/app/consult/${view.case}/images`} variant="default" size="compact-sm">
                    {t('consult.material.find_studies')}
                  </Button>
                )}
                {hasStudies && (
                  <Button component={Link} to={`/app/consult/${view.case}/workspace`} variant={isReader ? 'filled' : 'default'} size="compact-sm" leftSection={<Icon name="image" size={15} />}>
                    {t('consult.workspace.open_images')}
                  </Button>
                )}
              </span>
            </div>
            <StudyList studies={view.items?.studies ?? []} />
            <AttachmentGrid attachments={view.items?.attachments ?? []} />
            {missing.length > 0 && (
              <div className="q-stack" id="add-photos">
                <h3>{t('consult.returned.add_photos')}</h3>
                <PhotoCapture caseId={view.case} number={view.number ?? ''} already={countedPhotos(view)} />
              </div>
            )}
          </section>
          <section className="q-card q-stack">
            <h2>{t('consult.messages.title')}</h2>
            <Messages case={view} />
          </section>
          <section className="q-card">
            <h2>{t('consult.timeline.title')}</h2>
            <Timeline case={view} />
          </section>
        </div>
        <aside className="cp-side q-stack" aria-label={t('consult.moves.title')}>
          <section className="q-card q-screen-only">
            <h2>{t('consult.moves.title')}</h2>
            {isReader && !view.ended && !writes && (
              <div className="cp-open">
                <Button component={Link} to={`/app/consult/${view.case}/workspace`} fullWidth leftSection={<Icon name="pen" size={16} />}>
                  {t('consult.workspace.open')}
                </Button>
              </div>
            )}
            <Moves case={view} />
          </section>
          <Participants view={view} />
          <Suspense fallback={null}>
            <CaseLabels case={view} />
          </Suspense>
          {view.clinic_card !== undefined && (
            <section className="q-card">
              <h2>{t('consult.card.title')}</h2>
              <ClinicCardView card={view.clinic_card} />
            </section>
          )}
          {view.consent && <ConsentCard consent={view.consent} />}
          {view.feedback && (
            <section className="q-card">
              <h2>{t('consult.feedback.title')}</h2>
              <dl className="q-facts">
                <dt>{t('consult.need.followed')}</dt>
                <dd>{textOr(`consult.option.followed.${view.feedback.followed}`, view.feedback.followed)}</dd>
                {view.feedback.not_followed && (
                  <>
                    <dt>{t('consult.need.not_followed')}</dt>
                    <dd>{textOr(`consult.option.not_followed.${view.feedback.not_followed}`, view.feedback.not_followed)}</dd>
                  </>
                )}
                <dt>{t('consult.need.final_diagnosis')}</dt>
                <dd>{view.feedback.final_diagnosis}</dd>
                <dt>{t('consult.need.rating')}</dt>
                <dd className="q-num">{view.feedback.rating}</dd>
              </dl>
            </section>
          )}
          <Button variant="default" onClick={() => window.print()}>
            {t('app.print')}
          </Button>
        </aside>
        <p className="q-print-only q-small">{t('app.printed_by', { name: nameIn(session.person), time: formatDateTime(new Date()) })}</p>
      </div>
    </>
  );
}

function MissingList({ items }: { items: readonly CodedItem[] }) {
  return (
    <ul>
      {items.map((item) => (
        <li key={item.code}>{missingItemText(item)}</li>
      ))}
    </ul>
  );
}

export function Participants({ view }: { view: CaseView }) {
  const t = useText();
  const people = view.participants ?? [];
  if (people.length === 0) return null;
  return (
    <section className="q-card">
      <h2>{t('consult.participants.title')}</h2>
      {view.time && (
        <p>
          {t('consult.mode.session')} <span className="q-strong q-num">{formatDateTime(view.time)}</span>
        </p>
      )}
      <ul className="q-list q-stack-tight">
        {people.map((one, index) => (
          <li key={index /* a person who declined may be asked again */}>
            <span className="q-dim">{textOr(`consult.case_role.${one.role}`, one.role)}</span> <span className="q-strong">{nameIn(one.person)}</span>{' '}
            <span className="q-small q-dim">
              {nameIn(one.organisation)}
              {one.specialty && ` · ${textOr(`consult.specialty.${one.specialty}`, one.specialty)}`}
            </span>{' '}
            {one.status !== 'active' && <span className={`q-chip ${one.status === 'declined' || one.status === 'left' ? 'q-chip-warning' : ''}`}>{textOr(`consult.part_status.${one.status}`, one.status)}</span>}
            {one.reason && <span className="q-small q-pre"> {one.reason}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
