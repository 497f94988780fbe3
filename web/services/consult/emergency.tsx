/** Calling for help at once: who is there now, whom to telephone meanwhile, and what was said by telephone. */
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { useQuery } from '../../api/cache';
import { readReachable, type CaseView, type Emergency, type EmergencyNumber } from '../../api/flow';
import { textOr, useLanguage, useText } from '../../app/i18n';
import { Answered, ErrorCard, errorText } from '../../ui/cards';
import { formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { useAct } from '../cases/act';
import { SignFields, usePasswordNeeded } from '../cases/sign_fields';
import type { RequestState } from './request_form';
import type { useDraft } from './use_draft';

/** Qiao never stands between a patient and the telephone. */
export function Telephones({ numbers, phone }: { numbers: readonly EmergencyNumber[]; phone: string }) {
  const t = useText();
  const language = useLanguage();
  return (
    <div className="q-note q-note-critical q-stack-tight">
      <p className="q-row">
        {numbers.map((one) => (
          <a key={one.number} className="q-strong" href={`tel:${one.number}`}>
            {language === 'en' ? one.en : one.zh}
          </a>
        ))}
        {phone !== '' && (
          <a className="q-strong" href={`tel:${phone}`}>
            {t('consult.emergency.hub_phone', { phone })}
          </a>
        )}
      </p>
      <p className="q-small">{t('consult.emergency.not_instead')}</p>
    </div>
  );
}

/** In the request, as soon as it is marked as an emergency: the question, the vitals and a number to call back are enough. */
export function CallPanel({ view, draft, onFacts }: { view: CaseView; draft: ReturnType<typeof useDraft<RequestState>>; onFacts: () => void }) {
  const t = useText();
  const navigate = useNavigate();
  const act = useAct();
  const passwordNeeded = usePasswordNeeded();
  const [callback, setCallback] = useState(view.clinic_card?.phone ?? '');
  const [password, setPassword] = useState('');
  const [tried, setTried] = useState(false);
  const { receiver, specialty, question, vitals } = draft.value;
  const query = useQuery(receiver ? `reachable:${receiver}:${specialty}` : undefined, (signal) => readReachable(receiver, specialty, signal));
  const lacks = receiver === '' ? 'receiver' : question.trim() === '' ? 'question' : vitals.status === '' ? 'vitals' : '';
  const call = async () => {
    setTried(true);
    if (lacks !== '' || callback.trim() === '' || passwordNeeded(password)) return;
    const version = await draft.flush();
    if (version === undefined) return;
    if (await act.run({ id: view.case, version: view.version, action: 'call_emergency', signs: true, password, fields: { draft: version, callback: callback.trim() } })) {
      draft.drop();
      void navigate(`/app/consult/${view.case}`, { replace: true });
    } else setPassword('');
  };
  return (
    <section className="q-card q-stack e-call">
      <h2>{t('consult.emergency.title')}</h2>
      {receiver === '' ? (
        <p className="q-dim">{t('consult.emergency.choose_receiver')}</p>
      ) : (
        <Answered query={query}>
          {(now) => (
            <>
              <Telephones numbers={now.numbers} phone={now.phone} />
              <h3>{t('consult.emergency.on_duty')}</h3>
              {now.on_duty.length === 0 ? (
                <p>{t('consult.emergency.no_roster', { count: now.experts })}</p>
              ) : (
                <ul className="q-list q-stack-tight">
                  {now.on_duty.map((one) => (
                    <li key={one.reference} className="q-row">
                      <span className="q-strong">{nameIn(one)}</span>
                      <span className="q-small q-dim">{textOr(`consult.specialty.${one.specialty}`, one.specialty)}</span>
                      <span className={`q-chip ${one.live ? 'q-chip-ok' : ''}`}>{one.live ? t('consult.emergency.live') : t('consult.emergency.not_live')}</span>
                    </li>
                  ))}
                </ul>
              )}
            </>
          )}
        </Answered>
      )}
      <form
        className="q-stack"
        onSubmit={(event) => {
          event.preventDefault();
          void call();
        }}
      >
        <TextInput label={t('consult.need.callback')} description={t('consult.emergency.callback_help')} required type="tel" maxLength={40} value={callback} onChange={(event) => setCallback(event.currentTarget.value)} error={tried && callback.trim() === '' ? t('app.needed') : undefined} />
        <SignFields
          statement={t('consult.emergency.sign')}
          password={password}
          onPassword={setPassword}
          error={act.wrongPassword ? errorText(act.error) : tried && passwordNeeded(password) ? t('consult.sign.password_needed') : undefined}
        />
        {tried && lacks !== '' && (
          <p className="q-critical" role="alert">
            {t('consult.moves.missing', { fields: t(`consult.need.${lacks}`) })}
            {lacks === 'vitals' && (
              <>
                {' → '}
                <button type="button" className="a-remove" onClick={onFacts}>
                  {t('consult.step.facts')}
                </button>
              </>
            )}
          </p>
        )}
        {act.error !== undefined && !act.wrongPassword && <ErrorCard error={act.error} />}
        <Button type="submit" color="red.9" size="md" data-action="call_emergency" loading={act.busy} leftSection={<Icon name="bell" size={18} />}>
          {t('consult.emergency.call_now')}
        </Button>
      </form>
    </section>
  );
}

/** On the page of an emergency, from its first second. */
export function EmergencyNote({ view, emergency }: { view: CaseView; emergency: Emergency }) {
  const t = useText();
  const rung = (view.participants ?? []).filter((one) => one.status === 'rung');
  const advice = emergency.phone_advice;
  return (
    <div className="q-stack">
      {(view.state === 'calling' || view.state === 'answering') && <Telephones numbers={emergency.numbers} phone={emergency.hub_phone} />}
      {view.state === 'calling' && (
        <p role="status" className="q-strong">
          <Icon name="bell" size={16} /> {rung.length > 0 ? t('consult.emergency.ringing', { names: rung.map((one) => nameIn(one.person)).join(t('app.comma')) }) : t('consult.emergency.nobody')}
        </p>
      )}
      {advice && (
        <section className="q-note q-stack-tight">
          <p className="q-strong">{t('consult.emergency.advice', { name: nameIn(advice.by), time: formatDateTime(advice.at) })}</p>
          <p className="q-pre">{advice.text}</p>
          <p className="q-small q-dim">{t('consult.emergency.was_read_back', { text: advice.read_back_text })}</p>
        </section>
      )}
    </div>
  );
}
