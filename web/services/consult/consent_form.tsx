/** Consent: the words that name the hospital, what goes there, how long, and the way back; who answers, how, and the three answers. */
import { Button, Checkbox, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useQuery } from '../../api/cache';
import { readConsentText } from '../../api/consent';
import { useLanguage, useText } from '../../app/i18n';
import { Answered } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { DrawnSignature, PaperSheet, Thumbprint } from './consent_evidence';
import { kIdTypes, kMethods, needsReason, type ConsentState } from './consent_state';

interface Props {
  caseId: string;
  number: string;
  /** The institution that the consent names. */
  receiver: string;
  value: ConsentState;
  onChange: (value: ConsentState) => void;
  /** Under 14: a guardian consents. */
  guardian: boolean;
  patientName: string;
  errors: (field: string) => string | undefined;
  onRefused?: () => void;
}

export function ConsentForm({ caseId, number, receiver, value, onChange, guardian, patientName, errors, onRefused }: Props) {
  const t = useText();
  const language = useLanguage() === 'en' ? 'en' : 'zh';
  const [wanted, setWanted] = useState<string>();
  const lang = wanted ?? (value.language !== '' ? value.language : language);
  const [changed, setChanged] = useState(false);
  const query = useQuery(receiver === '' ? undefined : `consent-text:${caseId}:${lang}:${receiver}`, (signal) => readConsentText(caseId, lang === 'en' ? 'en' : 'zh', receiver, signal));
  const newest = useRef(value);
  newest.current = value;
  const set = (change: Partial<ConsentState>) => {
    newest.current = { ...newest.current, ...change }; // two uploads may arrive before the page draws again
    onChange(newest.current);
  };
  const words = query.data;
  useEffect(() => {
    if (!words || words.digest === value.textDigest) return;
    // Who heard other words has not consented to these.
    const asked = value.textDigest !== '' && value.told;
    setChanged(asked);
    set({ language: words.language, textVersion: words.version, textDigest: words.digest, ...(asked ? { told: false, signature: 0, print: 0, paper: [], witness: { ...value.witness, signature: 0 } } : {}) });
  }, [words?.digest]);
  if (receiver === '') return <p className="q-note q-note-warning">{t('consult.consent.no_receiver')}</p>;
  return (
    <div className="q-stack">
      <div className="q-between">
        <h3>{t('consult.consent.words')}</h3>
        <span className="q-row" role="group" aria-label={t('consult.consent.words_language')}>
          {(['zh', 'en'] as const).map((one) => (
            <Button key={one} size="compact-sm" variant={lang === one ? 'filled' : 'default'} aria-pressed={lang === one} lang={one} onClick={() => setWanted(one)}>
              {one === 'zh' ? '中文' : 'English'}
            </Button>
          ))}
        </span>
      </div>
      {changed && (
        <p className="q-note q-note-warning" role="alert">
          {t('consult.consent.words_changed')}
        </p>
      )}
      <Answered query={query}>{(answer) => <div className="q-note q-pre" lang={answer.language}>{answer.consultation}</div>}</Answered>
      <Who value={value} set={set} guardian={guardian} patientName={patientName} errors={errors} />
      {(['recording', 'teaching'] as const).map((scope) => (
        <div key={scope} className="q-stack-tight">
          <Choice
            label={t(`consult.consent.scope.${scope}`)}
            description={words?.[scope] ?? ''}
            value={value[scope]}
            options={(['yes', 'no'] as const).map((one) => ({ value: one, label: t(`consult.consent.answer.${one}`) }))}
            onChange={(one) => set({ [scope]: one })}
          />
        </div>
      ))}
      <Checkbox label={t('consult.consent.told')} checked={value.told} onChange={(event) => set({ told: event.currentTarget.checked })} error={errors('consent.told')} />
      <Choice label={t('consult.consent.method')} required value={value.method as (typeof kMethods)[number]} options={kMethods.map((one) => ({ value: one, label: t(`consult.consent.method.${one}`), detail: t(`consult.consent.method_help.${one}`) }))} onChange={(one) => set({ method: one })} />
      {value.method === 'signature' && <DrawnSignature caseId={caseId} number={number} n={value.signature} prompt={t('consult.consent.draw')} label={t('consult.consent.signed')} error={errors('consent.signature')} onChange={(n) => set({ signature: n })} />}
      {value.method === 'thumbprint' && <Thumbprint caseId={caseId} number={number} value={value} set={set} errors={errors} />}
      {value.method === 'paper' && <PaperSheet caseId={caseId} number={number} receiver={receiver} value={value} set={set} errors={errors} />}
      {onRefused && (
        <div className="q-actions">
          <Button variant="default" onClick={onRefused}>
            {t('consult.consent.refused_button')}
          </Button>
        </div>
      )}
    </div>
  );
}

function Who({ value, set, guardian, patientName, errors }: { value: ConsentState; set: (change: Partial<ConsentState>) => void; guardian: boolean; patientName: string; errors: Props['errors'] }) {
  const t = useText();
  const choices = (guardian ? ['guardian'] : ['patient', 'guardian', 'relative']) as ('patient' | 'guardian' | 'relative')[];
  const choose = (by: string) => {
    // The patient's own name is known; it is never left standing for somebody else.
    const name = by === 'patient' ? (value.name === '' ? patientName : value.name) : value.name === patientName ? '' : value.name;
    set({ by, name });
  };
  return (
    <>
      <Choice label={t('consult.consent.by')} required value={value.by as '' | 'patient' | 'guardian' | 'relative'} options={choices.map((by) => ({ value: by, label: t(`consult.consent.by.${by}`), detail: t(`consult.consent.by_help.${by}`) }))} onChange={choose} error={errors('consent.by')} />
      <TextInput label={t('consult.consent.name')} required maxLength={80} value={value.name} onChange={(event) => set({ name: event.currentTarget.value })} error={errors('consent.name')} />
      {value.by !== '' && value.by !== 'patient' && (
        <>
          <TextInput label={t('consult.consent.relation')} required maxLength={40} value={value.relation} onChange={(event) => set({ relation: event.currentTarget.value })} error={errors('consent.relation')} />
          <NativeSelect label={`${t('consult.consent.id_type')} ${t('app.optional')}`} value={value.idType} onChange={(event) => set({ idType: event.currentTarget.value })} data={[{ value: '', label: t('consult.consent.id_type.none') }, ...kIdTypes.map((one) => ({ value: one, label: t(`consult.consent.id_type.${one}`) }))]} />
        </>
      )}
      {needsReason(value, guardian) && (
        <Textarea
          label={t(value.by === 'relative' ? 'consult.consent.reason' : 'consult.consent.reason_capacity')}
          description={t('consult.consent.reason_help')}
          required
          rows={2}
          maxLength={500}
          value={value.reason}
          onChange={(event) => set({ reason: event.currentTarget.value })}
          error={errors('consent.reason')}
        />
      )}
      {value.by === 'relative' && <p className="q-note q-note-warning">{t('consult.consent.relative_note')}</p>}
    </>
  );
}
