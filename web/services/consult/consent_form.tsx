/** The patient's consent: the text that names the hospital, what goes there, how long, and the way back; then the signature. */
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useEffect } from 'react';
import { useQuery } from '../../api/cache';
import { readConsentText } from '../../api/flow';
import { newId } from '../../api/http';
import { unsent, useUnsent } from '../../api/unsent';
import { useLanguage, useText } from '../../app/i18n';
import { Answered } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { Icon } from '../../ui/icons';
import { OnItsWay } from './photo_capture';
import type { RequestState } from './request_form';
import { SignaturePad } from './signature_pad';

const kSignature = 'consent_signature';
export type ConsentState = RequestState['consent'];

export function ConsentForm({ caseId, number, value, onChange, guardian, patientName, errors, textKey }: { caseId: string; number: string; value: ConsentState; onChange: (value: ConsentState) => void; guardian: boolean; patientName: string; errors: (field: string) => string | undefined; textKey: string }) {
  const t = useText();
  const language = useLanguage();
  const lang = language === 'en' ? 'en' : 'zh';
  const text = useQuery(`consent-text:${caseId}:${lang}:${textKey}`, (signal) => readConsentText(caseId, lang, signal));
  const set = (change: Partial<ConsentState>) => onChange({ ...value, ...change });
  const waiting = useUnsent(caseId).find((one) => one.kind === kSignature);
  const received = waiting?.attachment;
  useEffect(() => {
    if (!waiting || received === undefined) return;
    set({ signature: received });
    void unsent.remove(waiting.id);
  }, [received]);
  const take = (png: Blob) => void unsent.add({ id: newId(), caseId, number, kind: kSignature, title: '', taken: new Date().toISOString(), contentType: 'image/png', blob: png, wanted: true });
  return (
    <div className="q-stack">
      <Answered query={text}>
        {(answer) => (
          <div className="q-note q-pre" lang={language}>
            {answer.text ?? (answer.paragraphs ?? answer.lines ?? []).join('\n\n')}
          </div>
        )}
      </Answered>
      <Choice
        label={t('consult.consent.by')}
        required
        value={value.by as '' | 'patient' | 'guardian' | 'relative'}
        options={(['patient', 'guardian', 'relative'] as const).filter((by) => !(guardian && by === 'patient')).map((by) => ({ value: by, label: t(`consult.consent.by.${by}`), detail: t(`consult.consent.by_help.${by}`) }))}
        onChange={(by) => set({ by, ...(by === 'patient' && value.name === '' ? { name: patientName } : {}) })}
        error={errors('consent.by')}
      />
      <TextInput label={t('consult.consent.name')} required maxLength={80} value={value.name} onChange={(event) => set({ name: event.currentTarget.value })} error={errors('consent.name')} />
      {value.by !== '' && value.by !== 'patient' && <TextInput label={t('consult.consent.relation')} required maxLength={40} value={value.relation} onChange={(event) => set({ relation: event.currentTarget.value })} error={errors('consent.relation')} />}
      {value.by === 'relative' && <TextInput label={t('consult.consent.reason')} description={t('consult.consent.reason_help')} required maxLength={500} value={value.reason} onChange={(event) => set({ reason: event.currentTarget.value })} error={errors('consent.reason')} />}
      <Checkbox label={t('consult.consent.told')} checked={value.told} onChange={(event) => set({ told: event.currentTarget.checked })} error={errors('consent.told')} />
      {value.signature > 0 ? (
        <div className="q-note q-note-ok q-between">
          <span className="q-row">
            <Icon name="check" /> {t('consult.consent.signed')}
            <img className="sg-small" src={`/flow/cases/${caseId}/attachments/${value.signature}`} alt={t('consult.consent.signature_of', { name: value.name })} />
          </span>
          <Button size="compact-sm" variant="default" onClick={() => set({ signature: 0 })}>
            {t('consult.consent.again')}
          </Button>
        </div>
      ) : waiting ? (
        <div className="q-note q-note-warning">
          <OnItsWay item={waiting} />
        </div>
      ) : (
        <>
          <SignaturePad onTake={take} />
          {errors('consent.signature') && <p className="q-critical q-small">{errors('consent.signature')}</p>}
        </>
      )}
    </div>
  );
}
