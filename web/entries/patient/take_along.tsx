/** What the patient takes along: the one page in plain language, and everything in one file. */
import { useState } from 'react';
import { useText } from '../../app/i18n';
import { ActForm, Field, Sheet } from './parts';
import { exportAll, pageUrl } from './wire';

export function TakeAlong({ who }: { who: string }) {
  const t = useText();
  const [open, setOpen] = useState(false);
  const [pin, setPin] = useState('');
  const run = async () => {
    const address = URL.createObjectURL(await exportAll(who, pin));
    const link = document.createElement('a');
    link.href = address;
    link.download = 'records.zip';
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    setOpen(false);
    setPin('');
  };
  return (
    <section className="card stack-tight">
      <h2>{t('mine.take.title')}</h2>
      <p>{t('mine.take.explain')}</p>
      <div className="acts">
        <a className="button" href={pageUrl(who)} target="_blank" rel="noreferrer">
          {t('mine.take.page')}
        </a>
        <button type="button" className="quiet" onClick={() => setOpen(true)}>
          {t('mine.take.export')}
        </button>
      </div>
      {open && (
        <Sheet title={t('mine.take.export')} onClose={() => setOpen(false)}>
          <ActForm submit={t('mine.take.download')} run={run} onCancel={() => setOpen(false)}>
            <p>{t('mine.take.export_explain')}</p>
            <Field label={t('mine.pin')} type="password" inputMode="numeric" autoComplete="current-password" maxLength={6} required value={pin} onChange={(event) => setPin(event.currentTarget.value)} />
          </ActForm>
        </Sheet>
      )}
    </section>
  );
}
