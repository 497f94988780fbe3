/** What the moves of a consent ask for: a new one, who withdraws it, what the review found, which institution instead. */
import { Checkbox, NativeSelect } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useQuery } from '../../api/cache';
import { readReceivers } from '../../api/directory';
import type { CaseView, Field, Move } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { Choice } from '../../ui/choice';
import { nameIn } from '../../ui/format';
import { ConsentForm } from './consent_form';
import { consentDefectsOf, consentToWire, kEmptyConsent } from './consent_state';
import { yearsAt } from './request_form';

const kRunning = new Set(['calling', 'answering', 'in_session', 'interrupted', 'opinion_draft']);

interface Props {
  case: CaseView;
  move: Move;
  fields: readonly { name: string }[];
  values: Record<string, Field | undefined>;
  onChange: (change: Record<string, Field | undefined>) => void;
  tried: boolean;
}

export default function ConsentMoveFields({ case: view, move, fields, values, onChange, tried }: Props) {
  const t = useText();
  const asks = (name: string) => fields.some((field) => field.name === name);
  const text = (name: string) => (typeof values[name] === 'string' ? values[name] : '');
  const needed = (name: string) => (tried && text(name) === '' ? t('app.needed') : undefined);
  const scopes = (['recording', 'teaching'] as const).filter((one) => view.consent?.[one]?.answer === 'yes' && !view.consent[one].withdrawn);
  const emergency = move.action === 'withdraw_consent' && view.urgency === 'emergency' && kRunning.has(view.state);
  useEffect(() => {
    if (asks('by') && values['by'] === undefined) onChange({ by: view.consent?.by ?? 'patient' });
    if (asks('scope') && values['scope'] === undefined && scopes.length === 1) onChange({ scope: scopes[0] });
  });
  const outcomes = view.ended ? ['continue', 'told'] : ['continue', 'replace'];
  const takesConsent = asks('consent') || text('outcome') === 'replace';
  return (
    <>
      {asks('receiver') && <Receiver view={view} required={move.needs.includes('receiver')} value={text('receiver')} onChange={(receiver) => onChange({ receiver: receiver === '' ? undefined : receiver })} error={move.needs.includes('receiver') ? needed('receiver') : undefined} />}
      {move.action === 'upgrade' && text('receiver') !== '' && <p className="q-note q-note-warning">{t('consult.consent.owed_24h')}</p>}
      {asks('by') && <Choice label={t('consult.consent.withdrawn_by')} required value={text('by') as 'patient' | 'guardian' | 'relative'} options={(['patient', 'guardian', 'relative'] as const).map((one) => ({ value: one, label: t(`consult.consent.by.${one}`) }))} onChange={(by) => onChange({ by })} error={needed('by')} />}
      {asks('scope') && <Choice label={t('consult.need.scope')} required value={text('scope')} options={scopes.map((one) => ({ value: one, label: t(`consult.consent.scope.${one}`) }))} onChange={(scope) => onChange({ scope })} error={needed('scope')} />}
      {emergency && (
        <div className="q-note q-note-critical">
          <Checkbox label={t('consult.consent.emergency_sure')} checked={values['confirmed'] === true} onChange={(event) => onChange({ confirmed: event.currentTarget.checked ? true : undefined })} error={tried && values['confirmed'] !== true ? t('app.needed') : undefined} />
        </div>
      )}
      {asks('outcome') && <Choice label={t('consult.need.outcome')} required value={text('outcome')} options={outcomes.map((one) => ({ value: one, label: textOr(`consult.option.outcome.${one}`, one) }))} onChange={(outcome) => onChange({ outcome, consent: undefined })} error={needed('outcome')} />}
      {takesConsent && <NewConsent key={text('receiver')} view={view} receiver={asks('receiver') ? text('receiver') : (view.to?.reference ?? '')} tried={tried} onChange={(consent) => onChange({ consent })} />}
      {tried && takesConsent && values['consent'] === undefined && (
        <p className="q-critical q-small" role="alert">
          {t('consult.consent.not_whole')}
        </p>
      )}
    </>
  );
}

function Receiver({ view, required, value, onChange, error }: { view: CaseView; required: boolean; value: string; onChange: (receiver: string) => void; error: string | undefined }) {
  const t = useText();
  const receivers = useQuery('receivers', readReceivers);
  const others = (receivers.data ?? []).filter((one) => one.reference !== view.to?.reference);
  if (!required && (others.length === 0 || !view.my_roles.includes('requester'))) return null;
  const first = required ? t('consult.choose') : nameIn(view.to);
  return <NativeSelect label={t('consult.field.receiver')} required={required} value={value} onChange={(event) => onChange(event.currentTarget.value)} data={[{ value: '', label: first }, ...others.map((one) => ({ value: one.reference, label: nameIn(one) }))]} error={error} />;
}

/** Hands on a consent only when it is whole. */
function NewConsent({ view, receiver, tried, onChange }: { view: CaseView; receiver: string; tried: boolean; onChange: (consent: Field | undefined) => void }) {
  const t = useText();
  const [value, setValue] = useState(kEmptyConsent);
  const years = yearsAt(view.patient.birth_date);
  const child = years !== undefined && years < 14;
  const defects = consentDefectsOf(value, child);
  return (
    <ConsentForm
      caseId={view.case}
      number={view.number ?? ''}
      receiver={receiver}
      value={value}
      onChange={(next) => {
        setValue(next);
        onChange(consentDefectsOf(next, child).length === 0 ? (consentToWire(next, child) as unknown as Field) : undefined);
      }}
      guardian={child}
      patientName={view.patient.name ?? ''}
      errors={(field) => {
        const defect = defects.find((one) => one.field === field);
        return defect && tried ? t(defect.key) : undefined;
      }}
    />
  );
}
