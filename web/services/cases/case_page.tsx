/** Any case of any service: state, clocks, what happened, and exactly the moves that the server names. */
import { useParams } from 'react-router';
import { textOr, useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Answered } from '../../ui/cards';
import { ClockChip, stateText } from '../../ui/case_bits';
import { nameIn } from '../../ui/format';
import { Participants } from '../consult/consult_page';
import { AttachmentGrid, StudyList } from '../consult/attachments';
import { Messages } from '../consult/messages';
import { PatientBanner } from '../consult/patient_banner';
import { useCase } from './case_query';
import { Moves } from './moves';
import { Timeline } from './timeline';

export default function CasePage() {
  const t = useText();
  const { id = '' } = useParams();
  const query = useCase(id);
  useTitle(t('app.case.title'));
  return (
    <Answered query={query}>
      {(view) => (
        <>
          <PatientBanner case={view} />
          <div className="q-page cp-page">
            <div className="cp-main q-stack">
              <section className="q-card q-stack">
                <h2>{textOr(`${view.machine}.title`, view.machine)}</h2>
                <dl className="q-facts">
                  <dt>{t('app.column.state')}</dt>
                  <dd>{stateText(view.machine, view.state)}</dd>
                  {view.from && (
                    <>
                      <dt>{t('app.column.from')}</dt>
                      <dd>{nameIn(view.from)}</dd>
                    </>
                  )}
                  {view.to && (
                    <>
                      <dt>{t('app.case.to')}</dt>
                      <dd>{nameIn(view.to)}</dd>
                    </>
                  )}
                </dl>
                <div className="q-row">
                  {view.clocks.map((clock) => (
                    <ClockChip key={clock.name} clock={clock} />
                  ))}
                </div>
              </section>
              {view.items && (
                <section className="q-card q-stack">
                  <h2>{t('consult.material.title')}</h2>
                  <StudyList studies={view.items.studies} />
                  <AttachmentGrid attachments={view.items.attachments} />
                </section>
              )}
              <section className="q-card">
                <h2>{t('consult.timeline.title')}</h2>
                <Timeline case={view} />
              </section>
              {view.messages && (
                <section className="q-card q-stack">
                  <h2>{t('consult.messages.title')}</h2>
                  <Messages case={view} />
                </section>
              )}
            </div>
            <aside className="cp-side q-stack" aria-label={t('consult.moves.title')}>
              <section className="q-card">
                <h2>{t('consult.moves.title')}</h2>
                <Moves case={view} pages={false} />
              </section>
              <Participants view={view} />
            </aside>
          </div>
        </>
      )}
    </Answered>
  );
}
