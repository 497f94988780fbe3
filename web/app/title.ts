import { useEffect } from 'react';
import { useText } from './i18n';

/** Title of the document; never the name of a patient, which would stand in the browser's history. */
export function useTitle(title: string): void {
  const t = useText();
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
}
