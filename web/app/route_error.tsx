/** A page that could not be loaded or that broke while it was drawn: says so, and offers another try. */
import { Button } from '@mantine/core';
import { useRouteError } from 'react-router';
import { useText } from './i18n';

export function RouteError() {
  const t = useText();
  const error = useRouteError();
  // A new version of the application removes the chunks of the old one.
  const isChunk = error instanceof TypeError || /dynamically imported module|Failed to fetch/i.test(String(error));
  return (
    <div className="q-page q-page-narrow">
      <div className="q-note q-note-critical q-stack" role="alert">
        <h1>{t('app.broken.title')}</h1>
        <p>{isChunk ? t('app.broken.chunk') : t('app.broken.page')}</p>
        <p className="q-small q-dim q-pre">{error instanceof Error ? error.message : String(error)}</p>
        <div className="q-actions">
          <Button onClick={() => location.reload()}>{t('app.broken.reload')}</Button>
          <Button variant="default" component="a" href="/app/today">
            {t('app.nav.today')}
          </Button>
        </div>
      </div>
    </div>
  );
}
