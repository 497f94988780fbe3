/** The rows that answer a question as a file; taking it is itself in the audit. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useText } from '../../app/i18n';
import { Act } from '../../ui/act_dialog';

export function AuditExport({ onExport }: { onExport: (format: 'csv' | 'ndjson') => Promise<{ rows: number; more: boolean }> }) {
  const t = useText();
  const [format, setFormat] = useState<'csv' | 'ndjson'>();
  const [done, setDone] = useState<{ rows: number; more: boolean }>();
  return (
    <div className="q-actions">
      <Button variant="default" onClick={() => setFormat('csv')}>
        {t('audit.export.csv')}
      </Button>
      <Button variant="default" onClick={() => setFormat('ndjson')}>
        {t('audit.export.ndjson')}
      </Button>
      {done && (
        <span role="status" className={done.more ? 'q-warning' : 'q-dim'}>
          {t(done.more ? 'audit.export.more' : 'audit.export.done', { count: done.rows })}
        </span>
      )}
      {format && (
        <Act title={t(`audit.export.${format}`)} submit={t('audit.export.save')} run={() => onExport(format).then(setDone)} onClose={() => setFormat(undefined)} onDone={() => setFormat(undefined)}>
          <p>{t('audit.export.explain')}</p>
        </Act>
      )}
    </div>
  );
}
