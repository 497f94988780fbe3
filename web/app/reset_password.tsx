/** A new password with the code of a reset that two persons made. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { setResetPassword } from '../api/security';
import { ErrorCard } from '../ui/cards';
import { useText } from './i18n';

export function ResetPasswordForm({ onDone }: { onDone: (login?: string) => void }) {
  const t = useText();
  const [login, setLogin] = useState('');
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const mismatch = again !== '' && again !== password;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (mismatch) return;
    setBusy(true);
    setError(undefined);
    try {
      await setResetPassword(login.trim(), code, password);
      onDone(login.trim());
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="q-card q-stack" onSubmit={(event) => void submit(event)}>
      <h3>{t('app.reset.title')}</h3>
      <p>{t('app.reset.explain')}</p>
      <TextInput label={t('app.login')} autoComplete="username" autoCapitalize="none" spellCheck={false} required maxLength={64} value={login} onChange={(event) => setLogin(event.currentTarget.value)} />
      <TextInput label={t('app.reset.code')} autoComplete="off" autoCapitalize="characters" spellCheck={false} required maxLength={12} value={code} onChange={(event) => setCode(event.currentTarget.value)} />
      <PasswordInput label={t('app.reset.password')} description={t('app.first_run.password_rule')} required minLength={12} maxLength={256} autoComplete="new-password" value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('app.show_password') }} />
      <PasswordInput label={t('app.first_run.again')} required autoComplete="new-password" value={again} onChange={(event) => setAgain(event.currentTarget.value)} error={mismatch ? t('app.first_run.mismatch') : undefined} visibilityToggleButtonProps={{ 'aria-label': t('app.show_password') }} />
      {error !== undefined && <ErrorCard error={error} />}
      <div className="q-actions">
        <Button type="submit" loading={busy}>
          {t('app.reset.set')}
        </Button>
        <Button variant="default" onClick={() => onDone()}>
          {t('app.second.back')}
        </Button>
      </div>
    </form>
  );
}
