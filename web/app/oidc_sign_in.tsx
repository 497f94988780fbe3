/** The button that leads to the institution's own sign-in service, and what comes back from there. */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { beginOidc, finishOidc, hasAnswer, kOidcPath, noteSignedInThere, oidcName, placeBefore, readOidc, type OidcService } from '../api/oidc';
import type { SecondStep } from '../api/security';
import { Busy, ErrorCard } from '../ui/cards';
import { Icon } from '../ui/icons';
import { useLanguage, useText } from './i18n';
import { SecondStepForm, secondIn } from './second_step';
import { useSessionAccess } from './session';

/** Signed in, the page that the person wanted opens. */
function openPlaceBefore(): void {
  if (location.pathname === kOidcPath) history.replaceState(null, '', placeBefore());
}

export function OidcSignIn() {
  const t = useText();
  const language = useLanguage();
  const { enter } = useSessionAccess();
  const [service, setService] = useState<OidcService>();
  const [coming, setComing] = useState(hasAnswer);
  const [leaving, setLeaving] = useState(false);
  const [second, setSecond] = useState<SecondStep>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    // Without an answer there is no button; whether the server is away is said elsewhere on this page.
    readOidc().then(setService, () => undefined);
    if (!hasAnswer()) return;
    finishOidc().then(
      (session) => {
        noteSignedInThere();
        openPlaceBefore();
        enter(session);
      },
      (cause: unknown) => {
        const next = secondIn(cause);
        openPlaceBefore();
        setComing(false);
        if (next) noteSignedInThere();
        if (next) setSecond(next);
        else setError(cause);
      },
    );
  }, [enter]);
  if (second) return <SecondStepForm step={second} onBack={(cause) => (setSecond(undefined), setError(cause))} />;
  if (coming) return <Busy label={t('app.oidc.finishing')} />;
  if (!service && error === undefined) return null;
  const begin = () => {
    setLeaving(true);
    setError(undefined);
    beginOidc().catch((cause: unknown) => {
      setLeaving(false);
      setError(cause);
    });
  };
  return (
    <section className="q-card q-stack" aria-label={t('app.oidc.title')}>
      {error !== undefined && <ErrorCard error={error} />}
      {service && (
        <>
          <Button data-oidc loading={leaving} leftSection={<Icon name="link" size={18} />} onClick={begin}>
            {oidcName(service, language, t('app.oidc.title'))}
          </Button>
          <p className="q-small q-dim">{t('app.oidc.help')}</p>
        </>
      )}
    </section>
  );
}
