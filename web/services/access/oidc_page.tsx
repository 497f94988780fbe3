/** Back from the institution's sign-in service, to link the account there with the person here. */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { finishOidcLink, hasAnswer, placeBefore } from '../../api/oidc';
import { useText } from '../../app/i18n';
import { useTitle } from '../../app/title';
import { Busy, ErrorCard } from '../../ui/cards';

export default function OidcPage() {
  const t = useText();
  const navigate = useNavigate();
  const [error, setError] = useState<unknown>();
  useTitle(t('security.oidc.title'));
  useEffect(() => {
    if (!hasAnswer()) {
      void navigate('/app/access/me', { replace: true });
      return;
    }
    finishOidcLink().then(
      () => void navigate(placeBefore(), { replace: true }),
      (cause: unknown) => {
        placeBefore();
        setError(cause);
      },
    );
  }, [navigate]);
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('security.oidc.title')}</h1>
      {error === undefined ? (
        <Busy label={t('app.oidc.finishing')} />
      ) : (
        <>
          <ErrorCard error={error} />
          <div>
            <Button onClick={() => void navigate('/app/access/me', { replace: true })}>{t('security.oidc.back')}</Button>
          </div>
        </>
      )}
    </div>
  );
}
