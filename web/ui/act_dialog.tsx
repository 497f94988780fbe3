/** A small form in a dialog: one act of an administrator, its error said beside it. */
import { Button } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useText } from '../app/i18n';
import { ErrorCard } from './cards';
import { Dialog } from './dialog';

export function Act({ title, submit, danger = false, run, onClose, onDone, children }: { title: string; submit: string; danger?: boolean; run: () => Promise<unknown>; onClose: () => void; onDone: () => void; children: ReactNode }) {
  const t = useText();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    run().then(onDone, setError).finally(() => setBusy(false));
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="q-stack" onSubmit={send}>
        {children}
        {error !== undefined && <ErrorCard error={error} />}
        <div className="q-actions">
          <Button type="submit" loading={busy} color={danger ? 'red.9' : undefined}>
            {submit}
          </Button>
          <Button variant="default" onClick={onClose}>
            {t('app.cancel')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
