/** Signing in, the demo's role switcher (in demo mode only), and the first administrator's one-time link. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { lazy, Suspense, useEffect, useState, type FormEvent } from 'react';
import { ApiError } from '../api/http';
import type { SecondStep } from '../api/security';
import { firstRun, readDemoUsers, readSession, signIn, signInAsDemo, type DemoUser } from '../api/session';
import { Busy, ErrorCard } from '../ui/cards';
import { nameIn } from '../ui/format';
import { Icon } from '../ui/icons';
import { DeviceSignIn } from './device_sign_in';
import { textOr, useLanguage, useText } from './i18n';
import { OidcSignIn } from './oidc_sign_in';
import { LanguageSwitch } from './language_switch';
import { OthersUnsent } from './others_unsent';
import { ResetPasswordForm } from './reset_password';
import { SecondStepForm, secondIn } from './second_step';
import { useSessionAccess } from './session';

const kLookMs = 15_000;
const OfflineUnlock = lazy(() => import('./offline_unlock'));

/** Whether nothing answers: then the PIN of this device is the way in. */
function useServerAway(): boolean {
  const [away, setAway] = useState(!navigator.onLine);
  useEffect(() => {
    const look = () => {
      readSession().then(
        () => setAway(false),
        (cause: unknown) => setAway(cause instanceof ApiError && cause.isPassing),
      );
    };
    look();
    const timer = setInterval(look, kLookMs);
    for (const name of ['online', 'offline']) window.addEventListener(name, look);
    return () => {
      clearInterval(timer);
      for (const name of ['online', 'offline']) window.removeEventListener(name, look);
    };
  }, []);
  return away;
}

export function LoginPage() {
  const t = useText();
  const { state } = useSessionAccess();
  const away = useServerAway();
  const isFirstRun = location.pathname === '/app/first-run';
  useEffect(() => {
    document.title = `${t('app.sign_in')} · ${t('app.name')}`;
  }, [t]);
  return (
    <div className="l-page">
      <header className="l-hero">
        <h1>
          <Icon name="link" size={34} /> {t('app.name')}
        </h1>
        <p>{t('app.claim')}</p>
        <p className="q-small">{t('app.not_a_device')}</p>
      </header>
      <main className="l-body" id="main">
        <div className="q-between">
          <h2>{isFirstRun ? t('app.first_run.title') : t('app.sign_in')}</h2>
          <LanguageSwitch />
        </div>
        {state.phase === 'none' && state.endedCode && (
          <div className="q-note q-note-warning" role="alert">
            <p className="q-strong">{textOr(`error.${state.endedCode}`, t('app.session_over'))}</p>
            <p>{t('app.session_over_draft')}</p>
          </div>
        )}
        {!isFirstRun && <OthersUnsent />}
        {!isFirstRun && away && (
          <Suspense fallback={null}>
            <OfflineUnlock />
          </Suspense>
        )}
        {!isFirstRun && <DemoUsers />}
        {!isFirstRun && <DeviceSignIn />}
        {!isFirstRun && <OidcSignIn />}
        {isFirstRun ? <FirstRunForm /> : <PasswordForm />}
      </main>
    </div>
  );
}

function PasswordForm() {
  const t = useText();
  const { state, enter } = useSessionAccess();
  const [login, setLogin] = useState(state.phase === 'none' ? (state.lastLogin ?? '') : '');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [second, setSecond] = useState<SecondStep>();
  const [resetting, setResetting] = useState(false);
  const [resetDone, setResetDone] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      enter(await signIn(login.trim(), password));
    } catch (cause) {
      const next = secondIn(cause);
      if (next) setSecond(next);
      else setError(cause);
      setPassword('');
    } finally {
      setBusy(false);
    }
  };
  if (second) return <SecondStepForm step={second} onBack={(cause) => (setSecond(undefined), setError(cause))} />;
  if (resetting) {
    const done = (name?: string) => {
      setResetting(false);
      setResetDone(name !== undefined);
      if (name !== undefined) setLogin(name);
    };
    return <ResetPasswordForm onDone={done} />;
  }
  return (
    <form className="q-card q-stack" onSubmit={(event) => void submit(event)}>
      {resetDone && <p className="q-note q-note-ok" role="status">{t('app.reset.done')}</p>}
      <TextInput label={t('app.login')} autoComplete="username" autoCapitalize="none" spellCheck={false} required maxLength={64} value={login} onChange={(event) => setLogin(event.currentTarget.value)} />
      <PasswordInput label={t('app.password')} autoComplete="current-password" required maxLength={256} value={password} onChange={(event) => setPassword(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('app.show_password') }} />
      {error !== undefined && <ErrorCard error={error} />}
      <Button type="submit" loading={busy}>
        {t('app.sign_in')}
      </Button>
      <p className="q-small q-dim">{t('app.sign_in_help')}</p>
      <div>
        <Button size="compact-sm" variant="subtle" onClick={() => setResetting(true)}>
          {t('app.reset.have_code')}
        </Button>
      </div>
    </form>
  );
}

function DemoUsers() {
  const t = useText();
  const language = useLanguage();
  const { enter } = useSessionAccess();
  const [users, setUsers] = useState<DemoUser[]>();
  const [busy, setBusy] = useState('');
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    readDemoUsers().then(setUsers, setError);
  }, []);
  if (error !== undefined) return <ErrorCard error={error} />;
  if (!users || users.length === 0) return null;
  const roles = [...new Set(users.map((user) => user.role))];
  return (
    <section className="q-stack" aria-labelledby="demo-title">
      <div className="q-note q-stack-tight">
        <h2 id="demo-title">{t('app.demo.title')}</h2>
        <p>{t('app.demo.explain')}</p>
      </div>
      {roles.map((role) => (
        <div key={role} className="q-stack-tight">
          <h3 className="q-dim">{textOr(`role.${role}`, role)}</h3>
          <div className="l-demo">
            {users
              .filter((user) => user.role === role)
              .map((user) => (
                <button
                  key={user.login}
                  data-login={user.login}
                  type="button"
                  disabled={busy !== ''}
                  onClick={() => {
                    setBusy(user.login);
                    signInAsDemo(user.login).then(enter, setError).finally(() => setBusy(''));
                  }}
                >
                  <span className="q-strong">{nameIn(user)}</span>
                  <br />
                  <span className="q-small q-dim">{busy === user.login ? t('app.loading') : language === 'en' ? (user.organisationEn ?? user.organisation) : user.organisation}</span>
                </button>
              ))}
          </div>
        </div>
      ))}
    </section>
  );
}

function FirstRunForm() {
  const t = useText();
  const { enter } = useSessionAccess();
  // The token stands behind the #, so it reaches no server log and no proxy.
  const fromLink = decodeURIComponent(location.hash.slice(1));
  const [form, setForm] = useState({ token: fromLink, login: '', name: '', password: '', organisation: '' });
  const [again, setAgain] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const set = (name: keyof typeof form) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setForm((before) => ({ ...before, [name]: value }));
  };
  const mismatch = again !== '' && again !== form.password;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (mismatch) return;
    setBusy(true);
    setError(undefined);
    try {
      const session = await firstRun(form);
      history.replaceState(null, '', '/app/today');
      enter(session);
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="q-card q-stack" onSubmit={(event) => void submit(event)}>
      <p>{t('app.first_run.explain')}</p>
      <TextInput label={t('app.first_run.token')} required value={form.token} onChange={set('token')} autoComplete="off" />
      <TextInput label={t('app.first_run.organisation')} required maxLength={120} value={form.organisation} onChange={set('organisation')} />
      <TextInput label={t('app.first_run.name')} required maxLength={80} value={form.name} onChange={set('name')} autoComplete="name" />
      <TextInput label={t('app.login')} required maxLength={64} value={form.login} onChange={set('login')} autoComplete="username" autoCapitalize="none" />
      <PasswordInput label={t('app.first_run.password')} description={t('app.first_run.password_rule')} required minLength={12} maxLength={256} value={form.password} onChange={set('password')} autoComplete="new-password" />
      <PasswordInput label={t('app.first_run.again')} required value={again} onChange={(event) => setAgain(event.currentTarget.value)} autoComplete="new-password" error={mismatch ? t('app.first_run.mismatch') : undefined} />
      {error !== undefined && <ErrorCard error={error} />}
      <Button type="submit" loading={busy}>
        {t('app.first_run.create')}
      </Button>
    </form>
  );
}

export function StartingPage() {
  const t = useText();
  const { state, retry } = useSessionAccess();
  return (
    <main className="q-page q-page-narrow">
      <h1>{t('app.name')}</h1>
      {state.phase === 'unreachable' ? (
        <>
          <ErrorCard error={state.error} onRetry={retry} />
          <Suspense fallback={null}>
            <OfflineUnlock />
          </Suspense>
          <OthersUnsent />
        </>
      ) : (
        <Busy label={t('app.connecting')} />
      )}
    </main>
  );
}
