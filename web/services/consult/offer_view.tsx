/** What an asked expert sees before accepting: the question, and nothing that names anybody. */
import type { CaseView } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { ClockChip, UrgencyChip, useSexText } from '../../ui/case_bits';
import { ageText, formatDateTime, nameIn } from '../../ui/format';
import { Moves } from '../cases/moves';
import { Telephones } from './emergency';
import { VitalsView } from './request_view';

export function OfferView({ view }: { view: CaseView }) {
  const t = useText();
  const sexText = useSexText();
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('consult.offer.title')}</h1>
      <p className="q-dim">{t('consult.offer.explain')}</p>
      <section className="q-card q-stack">
        <div className="q-row">
          <UrgencyChip urgency={view.urgency} />
          <span className="q-strong">{[sexText(view.patient.sex), ageText(view.patient.age)].filter(Boolean).join(' · ')}</span>
          {view.specialty && <span className="q-chip">{textOr(`consult.specialty.${view.specialty}`, view.specialty)}</span>}
          {view.clocks.map((clock) => (
            <ClockChip key={clock.name} clock={clock} />
          ))}
        </div>
        {view.emergency && <Telephones numbers={view.emergency.numbers} phone={view.emergency.hub_phone} />}
        <dl className="q-facts">
          <dt>{t('consult.field.question')}</dt>
          <dd className="q-pre q-question">{view.question}</dd>
          {view.callback && (
            <>
              <dt>{t('consult.need.callback')}</dt>
              <dd>
                <a className="q-strong" href={`tel:${view.callback}`}>
                  {view.callback}
                </a>
                {view.from ? ` · ${nameIn(view.from)}` : ''}
              </dd>
            </>
          )}
          {view.vitals && (
            <>
              <dt>{t('consult.need.vitals')}</dt>
              <dd>
                <VitalsView vitals={view.vitals} />
              </dd>
            </>
          )}
          {view.time && (
            <>
              <dt>{t('consult.mode.session')}</dt>
              <dd className="q-strong q-num">{formatDateTime(view.time)}</dd>
            </>
          )}
          {view.purpose && (
            <>
              <dt>{t('consult.field.purpose')}</dt>
              <dd>{textOr(`consult.purpose.${view.purpose}`, view.purpose)}</dd>
            </>
          )}
          {view.summary && (
            <>
              <dt>{t('consult.field.summary')}</dt>
              <dd className="q-pre">{view.summary}</dd>
            </>
          )}
          {view.offered && (
            <>
              <dt>{t('consult.offer.offered')}</dt>
              <dd className="q-num">{formatDateTime(view.offered)}</dd>
            </>
          )}
        </dl>
      </section>
      <section className="q-card">
        <h2>{t('consult.moves.title')}</h2>
        <Moves case={view} />
      </section>
    </div>
  );
}
