/** The expert's desk: record on the left, images in the middle, opinion on the right; one tab at a time on a small screen. */
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { Link, Navigate, useParams } from 'react-router';
import type { CaseView } from '../../api/flow';
import { useLanguage, useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Answered, Busy, ErrorCard } from '../../ui/cards';
import { useSexText } from '../../ui/case_bits';
import { ageText } from '../../ui/format';
import { RecordTimeline } from '../../ui/record_timeline';
import { useCase } from '../cases/case_query';
import { Moves } from '../cases/moves';
import { AttachmentGrid, StudyList } from './attachments';
import { ClinicCardView } from './clinic_card_view';
import { keepKeyImage, type ViewerKeyImage } from './key_images';
import { EmergencyNote } from './emergency';
import { ExpertParts } from './expert_parts';
import { Messages } from './messages';
import { OpinionForm } from './opinion_form';
import { OpinionView } from './opinion_view';
import { PatientBanner } from './patient_banner';
import { RequestView } from './request_view';
import type { SeenImages } from './opinion';

const ImagingViewer = lazy(() => import('../../viewers/imaging'));

type Tab = 'request' | 'record' | 'clinic' | 'messages' | 'images' | 'opinion';
const kLeftTabs: readonly Tab[] = ['request', 'record', 'clinic', 'messages'];
const kAllTabs: readonly Tab[] = ['request', 'images', 'opinion', 'record', 'clinic', 'messages'];

export default function WorkspacePage() {
  const t = useText();
  const { id = '' } = useParams();
  const query = useCase(id);
  useTitle(t('consult.workspace.title'));
  return <Answered query={query}>{(view) => (view.view === 'offer' ? <Navigate to={`/app/consult/${id}`} replace /> : <Workspace key={id} view={view} />)}</Answered>;
}

function Workspace({ view }: { view: CaseView }) {
  const t = useText();
  const [left, setLeft] = useState<Tab>('request');
  const [seen, setSeen] = useState<Record<string, SeenImages>>({});
  const [failed, setFailed] = useState<unknown>();
  const studies = view.items?.studies ?? [];
  const [tab, setTab] = useState<Tab>(studies.length > 0 ? 'images' : 'request');
  const narrowTabs = useRef<HTMLDivElement>(null);
  // On a phone the images take the whole page below the tabs; their own head names the patient.
  useEffect(() => {
    if (tab !== 'images' || !narrowTabs.current?.offsetParent) return undefined;
    const frame = requestAnimationFrame(() => narrowTabs.current?.scrollIntoView({ block: 'start' })); // after the shell went to the page's top
    return () => cancelAnimationFrame(frame);
  }, [tab]);
  const [studyUid, setStudyUid] = useState(studies[0]?.study_uid ?? '');
  const study = studies.find((one) => one.study_uid === studyUid) ?? studies[0];
  const writes = view.moves.some((move) => move.action === 'sign' || move.action === 'amend');
  const tabButtons = (tabs: readonly Tab[], current: Tab, pick: (tab: Tab) => void, className: string, ref?: React.Ref<HTMLDivElement>) => (
    <div ref={ref} className={`ws-tabs ${className}`} role="tablist" aria-label={t('consult.workspace.parts')}>
      {tabs.map((one) => (
        <button key={one} type="button" role="tab" aria-selected={one === current} className="ws-tab" onClick={() => pick(one)}>
          {t(`consult.workspace.tab.${one}`)}
          {one === 'messages' && (view.messages?.length ?? 0) > 0 && <span className="s-count">{view.messages?.length}</span>}
        </button>
      ))}
    </div>
  );
  return (
    <div className="ws">
      <PatientBanner case={view} compact />
      {tabButtons(kAllTabs, tab, (one) => (setTab(one), kLeftTabs.includes(one) && setLeft(one)), 'ws-narrow-only', narrowTabs)}
      <div className="ws-panes">
        <section className="ws-pane ws-left" data-shown={kLeftTabs.includes(tab)} aria-label={t('consult.workspace.material')}>
          {tabButtons(kLeftTabs, left, setLeft, 'ws-wide-only')}
          <div className="ws-scroll q-stack" tabIndex={0} role="group" aria-label={t(`consult.workspace.tab.${left}`)}>
            {left === 'request' && (
              <>
                {view.emergency && <EmergencyNote view={view} emergency={view.emergency} />}
                {view.form ? <RequestView form={view.form} /> : <p className="q-dim">{t('consult.not_written')}</p>}
                <h3>{t('consult.material.title')}</h3>
                <StudyList studies={studies} />
                <AttachmentGrid attachments={view.items?.attachments ?? []} />
              </>
            )}
            {left === 'record' && (view.patient.reference ? <RecordTimeline patient={view.patient.reference} /> : <p className="q-dim">{t('app.record.empty')}</p>)}
            {left === 'clinic' && <ClinicCardView card={view.clinic_card} />}
            {left === 'messages' && <Messages case={view} />}
          </div>
        </section>
        <section className="ws-pane ws-centre" data-shown={tab === 'images'} aria-label={t('consult.workspace.tab.images')}>
          {studies.length > 1 && (
            <label className="q-row q-small ws-studies">
              {t('consult.workspace.study')}
              <select className="c-select" value={study?.study_uid ?? ''} onChange={(event) => setStudyUid(event.currentTarget.value)}>
                {studies.map((one) => (
                  <option key={one.study_uid} value={one.study_uid}>
                    {one.modality} {one.description} ({one.instances})
                  </option>
                ))}
              </select>
            </label>
          )}
          {failed !== undefined && <ErrorCard error={failed} />}
          {study ? (
            <Viewer key={study.study_uid} view={view} studyUid={study.study_uid} note={study.note ?? undefined} writes={writes} onSeen={(uid, next) => setSeen((before) => ({ ...before, [uid]: next }))} onFailed={setFailed} />
          ) : (
            <div className="ws-scroll ws-none q-stack">
              <p className="q-dim">{t('consult.material.no_studies')}</p>
              <AttachmentGrid attachments={view.items?.attachments ?? []} />
            </div>
          )}
        </section>
        <section className="ws-pane ws-right" data-shown={tab === 'opinion'} aria-label={t('consult.workspace.tab.opinion')}>
          <div className="ws-scroll q-stack">
            {view.opinion && !view.moves.some((move) => move.action === 'sign') && <OpinionView case={view} opinion={view.opinion} />}
            <ExpertParts parts={view.parts ?? []} />
            {writes ? <OpinionForm view={view} seen={seen} /> : !view.opinion && <p className="q-dim">{t('consult.workspace.not_yours')}</p>}
            <h3>{t('consult.moves.title')}</h3>
            <Moves case={view} except={['sign', 'amend']} />
            <p>
              <Link to={`/app/consult/${view.case}`}>{t('consult.workspace.to_case')}</Link>
            </p>
          </div>
        </section>
      </div>
    </div>
  );
}

function Viewer({ view, studyUid, note, writes, onSeen, onFailed }: { view: CaseView; studyUid: string; note: string | undefined; writes: boolean; onSeen: (studyUid: string, seen: SeenImages) => void; onFailed: (error: unknown) => void }) {
  const t = useText();
  const language = useLanguage();
  const sexText = useSexText();
  const bySeries = useRef(new Map<string, { count: number; total: number; quality: 'lossless' | 'preview' }>());
  const seenHandler = useRef(onSeen);
  seenHandler.current = onSeen;
  const onImageSeen = useCallback(
    (one: { seriesUid: string; count: number; total: number; quality: 'lossless' | 'preview' }) => {
      const before = bySeries.current.get(one.seriesUid);
      if (before && before.quality === 'lossless' && one.quality === 'preview') return;
      bySeries.current.set(one.seriesUid, one);
      const all = [...bySeries.current.values()];
      seenHandler.current(studyUid, {
        images: all.reduce((sum, series) => sum + series.count, 0),
        total: all.reduce((sum, series) => sum + series.total, 0),
        lossless: all.every((series) => series.quality === 'lossless'),
      });
    },
    [studyUid],
  );
  const onKeyImage = useMemo(() => {
    if (!writes) return undefined;
    return async (image: ViewerKeyImage) => {
      try {
        await keepKeyImage(view.case, studyUid, image);
      } catch (cause) {
        onFailed(cause);
        throw cause; // the viewer says that it was not kept
      }
    };
  }, [writes, view.case, studyUid, onFailed]);
  const label = [view.patient.name, sexText(view.patient.sex), ageText(view.patient.age)].filter(Boolean).join(' · ');
  return (
    <Suspense fallback={<Busy label={t('consult.workspace.loading_viewer')} />}>
      <div className="ws-viewer">
        <ImagingViewer
          studyUid={studyUid}
          patientLabel={label}
          language={language}
          onImageSeen={onImageSeen}
          readOnly={!writes}
          {...(onKeyImage ? { onKeyImage } : {})}
          {...(note ? { notice: note === 'demo: side not verified' ? t('app.demo.side_not_verified') : note } : {})}
        />
      </div>
    </Suspense>
  );
}
