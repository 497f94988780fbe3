/** Binding a phone with the clinic's code, and signing in again with the identity number and a code by SMS. */
import { useState } from 'react';
import { language, useText } from '../../app/i18n';
import { ActForm, Field } from './parts';
import { askCode, bind, signIn, type State } from './wire';

export function BindPage({ code: given, demo, onDone }: { code: string; demo: boolean; onDone: (state: State) => void }) {
  const t = useText();
  const [code, setCode] = useState(given);
  const [pin, setPin] = useState('');
  const [again, setAgain] = useState('');
  return (
    <section className="card narrow stack">
      <h1>{t('mine.bind.title')}</h1>
      <p>{t('mine.bind.explain')}</p>
      <ActForm submit={t('mine.bind.submit')} run={async () => onDone(await bind(code, pin))}>
        <Field label={t('mine.bind.code')} help={t('mine.bind.code_help')} inputMode="numeric" autoComplete="one-time-code" required value={code} onChange={(event) => setCode(event.currentTarget.value)} />
        <Field label={t('mine.bind.pin')} help={t('mine.bind.pin_help')} type="password" inputMode="numeric" autoComplete="new-password" pattern="\d{6}" maxLength={6} required value={pin} onChange={(event) => setPin(event.currentTarget.value)} />
        <Field
          label={t('mine.bind.again')}
          type="password"
          inputMode="numeric"
          autoComplete="new-password"
          maxLength={6}
          required
          value={again}
          onChange={(event) => {
            event.currentTarget.setCustomValidity(event.currentTarget.value === pin ? '' : t('mine.bind.differs'));
            setAgain(event.currentTarget.value);
          }}
        />
      </ActForm>
      {demo && <p className="dim small">{t('mine.bind.demo')}</p>}
      <p>
        <a href="#">{t('mine.bind.have_account')}</a>
      </p>
    </section>
  );
}

export function SignInPage({ state, onDone }: { state: State; onDone: (state: State) => void }) {
  const t = useText();
  const [number, setNumber] = useState('');
  const [code, setCode] = useState('');
  const [sent, setSent] = useState<{ minutes: number; simulated_code?: string }>();
  return (
    <section className="card narrow stack">
      <h1>{t('mine.sign_in.title')}</h1>
      <p>{t('mine.sign_in.explain')}</p>
      {!state.sms && <p className="note note-warn">{t('mine.error.patient.no_sms')}</p>}
      {!sent ? (
        <ActForm submit={t('mine.sign_in.send')} run={async () => setSent(await askCode(number, language() === 'en' ? 'en' : 'zh'))}>
          <Field label={t('mine.sign_in.number')} help={t('mine.sign_in.number_help')} autoComplete="off" autoCapitalize="characters" minLength={4} maxLength={64} required value={number} onChange={(event) => setNumber(event.currentTarget.value)} />
        </ActForm>
      ) : (
        <ActForm submit={t('mine.sign_in.submit')} run={async () => onDone(await signIn(number, code))} onCancel={() => (setSent(undefined), setCode(''))}>
          <p role="status">{t('mine.sign_in.sent', { minutes: sent.minutes })}</p>
          {sent.simulated_code && (
            <p className="note note-demo">
              {t('mine.sign_in.simulated')} <strong className="code">{sent.simulated_code}</strong>
            </p>
          )}
          <Field label={t('mine.sign_in.code')} inputMode="numeric" autoComplete="one-time-code" pattern="\d{6}" maxLength={6} required autoFocus value={code} onChange={(event) => setCode(event.currentTarget.value)} />
        </ActForm>
      )}
      <p className="dim">{t('mine.sign_in.first_time')}</p>
      <p>
        <a href="#bind">{t('mine.sign_in.have_code')}</a>
      </p>
    </section>
  );
}
