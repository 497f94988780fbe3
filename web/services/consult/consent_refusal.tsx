/** The answer is no: it is kept, nothing is sent, and ordinary care goes on as before. */
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ConsentView } from '../../api/consent';
import type { CaseView } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { ErrorCard, errorText } from '../../ui/cards';
import { Choice } from '../../ui/choice';
import { Dialog } from '../../ui/dialog';
import { formatDateTime } from '../../ui/format';
import { useAct } from '../cases/act';
import { SignFields, usePasswordNeeded } from '../cases/sign_fields';
import type { ConsentState } from './consent_state';

export function RefusalDialog({ case: view, receiver, consent, onClose }: { case: CaseView; receiver: string; consent: ConsentState; onClose: () => void }) {
  const t = useText();
  const act = useAct();
  const passwordNeeded = usePasswordNeeded();
  const [by, setBy] = useState(consent.by === '' ? 'patient' : consent.by);
  const [name, setName] = useState(consent.name || (view.patient.name ?? ''));
  const [reason, setReason] = useState('');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const send = async () => {
    setTried(true);
    if (name.trim() === '' || passwordNeeded(password)) return;
    const done = await act.run({ id: view.case, version: view.version, action: 'refuse_consent', signs: true, password, fields: { receiver, consent: { by, name: name.trim(), ...(reason.trim() ? { reason: reason.trim() } : {}) } } });
    if (done) onClose();
    else setPassword('');
  };
  return (
    <Dialog onClose={onClose} title={t('consult.consent.refused_button')}>
      <form
        className="q-stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <p className="q-note q-note-ok">{t('consult.consent.ordinary_care')}</p>
        <Choice label={t('consult.consent.refused_by')} required value={by as 'patient' | 'guardian' | 'relative'} options={(['patient', 'guardian', 'relative'] as const).map((one) => ({ value: one, label: t(`consult.consent.by.${one}`) }))} onChange={setBy} />
        <TextInput label={t('consult.consent.name')} required maxLength={80} value={name} onChange={(event) => setName(event.currentTarget.value)} error={tried && name.trim() === '' ? t('app.needed') : undefined} />
        <TextInput label={`${t('consult.need.reason')} ${t('app.optional')}`} description={t('consult.consent.refused_reason_help')} maxLength={500} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <SignFields statement={t('consult.consent.refused_statement')} password={password} onPassword={setPassword} error={act.wrongPassword ? errorText(act.error) : tried && passwordNeeded(password) ? t('consult.sign.password_needed') : undefined} />
        {act.error !== undefined && !act.wrongPassword && <ErrorCard error={act.error} />}
        <div className="q-actions">
          <Button type="submit" loading={act.busy}>
            {t('consult.consent.refused_record')}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** What can be done with a draft whose patient said no. */
export function RefusedNote({ case: view, consent, onDiscard }: { case: CaseView; consent: ConsentView; onDiscard: () => void }) {
  const t = useText();
  const act = useAct();
  const [asked, setAsked] = useState(false);
  const discard = () => {
    onDiscard(); // nothing of the draft is saved any more
    return act.run({ id: view.case, version: view.version, action: 'discard', signs: false, password: '', fields: {} });
  };
  return (
    <section className="q-note q-note-warning q-stack-tight" aria-label={t('consult.consent.refused_title')}>
      <p className="q-strong">{t('consult.consent.refused_line', { by: textOr(`consult.consent.by.${consent.by}`, consent.by ?? ''), name: consent.name ?? '', time: consent.given ? formatDateTime(consent.given) : '' })}</p>
      <p>{t('consult.consent.ordinary_care')}</p>
      <p className="q-small">{t('consult.consent.refused_next')}</p>
      {act.error !== undefined && <ErrorCard error={act.error} />}
      <div className="q-actions">
        <Button size="compact-md" variant={asked ? 'filled' : 'default'} color={asked ? 'red.9' : undefined} loading={act.busy} onClick={() => (asked ? void discard() : setAsked(true))}>
          {asked ? t('consult.consent.discard_sure') : t('consult.move.discard')}
        </Button>
      </div>
    </section>
  );
}
