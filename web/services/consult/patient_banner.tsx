/** Who this is about, why one may see it and until when; at the head of every page of a case. */
import type { CaseView } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { ClockChip, stateText, UrgencyChip, useSexText } from '../../ui/case_bits';
import { ageText, formatDate, formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { ConsentChip } from './consent_card';

export function PatientBanner({ case: view, compact = false }: { case: CaseView; compact?: boolean }) {
  const t = useText();
  const sexText = useSexText();
  const { patient, form } = view;
  const allergies = form?.allergies;
  return (
    <>
    <section className={`b-banner ${compact ? 'b-compact' : ''}`} aria-label={t('consult.banner.label')}>
      <div className="q-row">
        <h1 className="b-name">{patient.name ?? t('app.case.unnamed')}</h1>
        <span className="q-num">{[sexText(patient.sex), ageText(patient.age), formatDate(patient.birth_date), patient.id_tail && `…${patient.id_tail}`].filter(Boolean).join(' · ')}</span>
        {patient.deceased && <span className="q-chip q-chip-critical">{t('consult.banner.deceased', { time: formatDateTime(patient.deceased) })}</span>}
        <UrgencyChip urgency={view.urgency} />
        <span className="q-chip q-chip-primary">{stateText(view.machine, view.state)}</span>
        {allergies?.status === 'given' && (
          <span className="q-chip q-chip-critical">
            <Icon name="alert" size={13} />
            {t('consult.banner.allergies', { list: (allergies.items ?? []).map((item) => item.text).join(t('app.comma')) })}
          </span>
        )}
        {allergies?.status === 'none' && <span className="q-chip">{t('consult.banner.no_allergies')}</span>}
        {allergies?.status === 'not_asked' && <span className="q-chip q-chip-warning">{t('consult.banner.allergies_not_asked')}</span>}
        {form?.pregnancy?.value === 'pregnant' && <span className="q-chip q-chip-warning">{t('consult.banner.pregnant')}</span>}
      </div>
    </section>
      <div className="b-more q-row q-small">
        {view.number && <span className="q-num q-dim">{view.number}</span>}
        {view.consent && <ConsentChip consent={view.consent} />}
        {view.from && <span className="q-dim">{t('consult.banner.from_to', { from: nameIn(view.from), to: nameIn(view.to) })}</span>}
        {view.clocks
          .filter((clock) => !clock.stopped)
          .map((clock) => (
            <ClockChip key={clock.name} clock={clock} />
          ))}
        {view.why && (
          <span className="q-dim">
            {t('consult.banner.why', { reason: textOr(`consult.why.${view.why.reason}`, view.why.reason) })}
            {view.why.until && ` ${t('consult.banner.until', { time: formatDateTime(view.why.until) })}`}
          </span>
        )}
      </div>
    </>
  );
}
