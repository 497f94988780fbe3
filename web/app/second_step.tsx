/** After the password: a code, a security key, or a recovery code. */
import { Button, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { hasSecurityKeys, proveBySecurityKey } from '../api/authenticator';
import { ApiError } from '../api/http';
import { secondStep, type Proof, type SecondStep } from '../api/security';
import { ErrorCard } from '../ui/cards';
import { useText } from './i18n';
import { useSessionAccess } from './session';

/** The second step in a refusal of the first; nothing when it is another refusal. */
export function secondIn(cause: unknown): SecondStep | undefined {
  if (!(cause instanceof ApiError) || cause.code !== 'access.second_factor_needed') return undefined;
  return (cause.body as { second?: SecondStep }).second;
}

export function SecondStepForm({ step, onBack }: { step: SecondStep; onBack: (cause?: unknown) => void }) {
  const t = useText();
  const { enter } = useSessionAccess();
  const byKey = hasSecurityKeys() && step.kinds.includes('security_key');
  const [recovery, setRecovery] = useState(false);
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const prove = async (make: () => Promise<Proof>) => {
    setBusy(true);
    setError(undefined);
    try {
      enter(await secondStep(step.token, await make()));
    } catch (cause) {
      setTyped('');
      if (cause instanceof ApiError && cause.code === 'access.step_over') onBack(cause);
      else setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void prove(async () => (recovery ? { recovery: typed } : { code: typed.replace(/\s/g, '') }));
  };
  const byCode = step.kinds.includes('totp');
  const asksText = recovery || byCode;
  return (
    <form className="q-card q-stack" onSubmit={submit}>
      <h3>{t('app.second.title')}</h3>
      {!recovery && !byCode && !byKey && step.kinds.includes('device') && <p>{t('app.second.device_only')}</p>}
      {byKey && !recovery && (
        <Button loading={busy && typed === ''} onClick={() => void prove(() => proveBySecurityKey(step))}>
          {t('app.proof.security_key')}
        </Button>
      )}
      {asksText && (
        <TextInput
          key={recovery ? 'recovery' : 'code'}
          label={recovery ? t('app.second.recovery') : t('app.second.code')}
          description={recovery ? t('app.second.recovery_help') : t('app.second.code_help')}
          inputMode={recovery ? 'text' : 'numeric'}
          autoComplete={recovery ? 'off' : 'one-time-code'}
          autoCapitalize="none"
          spellCheck={false}
          required
          autoFocus
          maxLength={recovery ? 20 : 7}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      )}
      {error !== undefined && <ErrorCard error={error} />}
      <div className="q-actions">
        {asksText && (
          <Button type="submit" loading={busy && typed !== ''}>
            {t('app.sign_in')}
          </Button>
        )}
        {step.kinds.includes('recovery') && (
          <Button variant="default" onClick={() => (setRecovery(!recovery), setTyped(''), setError(undefined))}>
            {recovery ? t('app.second.no_recovery') : t('app.second.use_recovery')}
          </Button>
        )}
        <Button variant="default" onClick={() => onBack()}>
          {t('app.second.back')}
        </Button>
      </div>
    </form>
  );
}
