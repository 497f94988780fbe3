/** Recovery codes, shown once: to print, or to write down. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useText } from '../../app/i18n';

export function RecoveryCodes({ codes, onKept }: { codes: readonly string[]; onKept: () => void }) {
  const t = useText();
  const [copied, setCopied] = useState(false);
  return (
    <div className="q-stack">
      <p>{t('security.recovery.explain')}</p>
      <ul className="acc-codes q-num">
        {codes.map((code) => (
          <li key={code}>{code}</li>
        ))}
      </ul>
      <div className="q-actions">
        <Button onClick={onKept}>{t('security.recovery.kept')}</Button>
        <Button variant="default" onClick={() => window.print()}>
          {t('security.recovery.print')}
        </Button>
        <Button variant="default" onClick={() => void navigator.clipboard.writeText(codes.join('\n')).then(() => setCopied(true), () => setCopied(false))}>
          {copied ? t('security.recovery.copied') : t('security.recovery.copy')}
        </Button>
      </div>
    </div>
  );
}
