/** The request as it was sent (or stands now): question first, then the facts, each with its "none" or "not asked". */
import type { RequestForm } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { formatDateTime, formatNumber } from '../../ui/format';
import { kVitals } from './request_form';

export function RequestView({ form }: { form: RequestForm }) {
  const t = useText();
  return (
    <div className="q-stack">
      <div>
        <h3>{t('consult.field.question')}</h3>
        <p className="q-pre q-question">{form.question || t('consult.not_written')}</p>
      </div>
      <div>
        <h3>{t('consult.field.summary')}</h3>
        <p className="q-pre">{form.summary || t('consult.not_written')}</p>
      </div>
      <dl className="q-facts">
        <dt>{t('consult.field.purpose')}</dt>
        <dd>{form.purpose ? textOr(`consult.purpose.${form.purpose}`, form.purpose) : t('consult.not_written')}</dd>
        <dt>{t('consult.field.specialty')}</dt>
        <dd>
          {form.specialty ? textOr(`consult.specialty.${form.specialty}`, form.specialty) : t('consult.not_written')}
          {form.rank && form.rank !== 'any' && ` · ${textOr(`consult.rank.${form.rank}`, form.rank)}`}
        </dd>
      </dl>
      <FactsView form={form} />
    </div>
  );
}

export function FactsView({ form }: { form: RequestForm }) {
  const t = useText();
  const status = (value: string | undefined) => (value ? t(`consult.status.${value}`) : t('consult.not_written'));
  const list = (fact: { status: string; items?: { text: string; reaction?: string; dose?: string }[] } | undefined) =>
    fact?.status === 'given' ? (fact.items ?? []).map((item) => [item.text, item.reaction ?? item.dose].filter(Boolean).join(': ')).join(t('app.semicolon')) : status(fact?.status);
  return (
    <dl className="q-facts">
      <dt>{t('consult.field.vitals')}</dt>
      <dd>
        <VitalsView vitals={form.vitals} />
      </dd>
      <dt>{t('consult.field.allergies')}</dt>
      <dd className={form.allergies?.status === 'given' ? 'q-strong q-critical' : ''}>{list(form.allergies)}</dd>
      <dt>{t('consult.field.drugs')}</dt>
      <dd>{list(form.drugs)}</dd>
      {form.pregnancy && (
        <>
          <dt>{t('consult.field.pregnancy')}</dt>
          <dd>{form.pregnancy.value ? `${t(`consult.pregnancy.${form.pregnancy.value}`)}${form.pregnancy.weeks === undefined ? '' : ` · ${t('consult.pregnancy.weeks', { count: form.pregnancy.weeks })}`}` : status(form.pregnancy.status)}</dd>
        </>
      )}
      {form.weight && (
        <>
          <dt>{t('consult.field.weight')}</dt>
          <dd className="q-num">{form.weight.value_kg === undefined ? status(form.weight.status) : `${formatNumber(form.weight.value_kg, 2)} kg`}</dd>
        </>
      )}
    </dl>
  );
}

export function VitalsView({ vitals }: { vitals: RequestForm['vitals'] }) {
  const t = useText();
  if (vitals?.status === 'given') {
    return (
      <>
        <VitalValues values={vitals.values ?? []} />
        {vitals.taken && <div className="q-small q-dim q-num">{t('consult.vitals.taken_at', { time: formatDateTime(vitals.taken) })}</div>}
      </>
    );
  }
  if (vitals?.status === 'none') return <>{t('consult.vitals.not_taken')}</>;
  return <>{vitals?.status ? t(`consult.status.${vitals.status}`) : t('consult.not_written')}</>;
}

function VitalValues({ values }: { values: readonly { code: string; value: number }[] }) {
  const t = useText();
  const place = (code: string) => kVitals.findIndex((spec) => spec.code === code);
  const ordered = [...values].sort((a, b) => place(a.code) - place(b.code));
  return (
    <ul className="q-list v-values">
      {ordered.map(({ code, value }) => (
        <li key={code} className="q-num">
          <span className="q-dim">{t(`consult.vital.${code}`)}</span> <span className="q-strong">{formatNumber(value, 2)}</span> {kVitals.find((spec) => spec.code === code)?.unit ?? ''}
        </li>
      ))}
    </ul>
  );
}
