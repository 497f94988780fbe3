/** The death of a patient, stated by those who treat them, and its undo: what it closes is said before and comes back after. */
import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { invalidate } from '../../api/cache';
import type { Patient } from '../../api/fhir';
import { post } from '../../api/http';
import { useText } from '../../app/i18n';
import { Act } from '../../ui/act_dialog';
import { Dialog } from '../../ui/dialog';

/** Now, as the field for a local time wants it. */
const localNow = (): string => new Date(Date.now() - new Date().getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

export function Death({ patient, id }: { patient: Patient; id: string }) {
  const t = useText();
  const [open, setOpen] = useState(false);
  const isDead = patient.deceasedDateTime !== undefined;
  return (
    <>
      <Button variant="default" data-death={isDead ? 'undo' : 'state'} onClick={() => setOpen(true)}>
        {t(isDead ? 'patients.death.undo' : 'patients.death.state')}
      </Button>
      {open && (isDead ? <Undo id={id} onClose={() => setOpen(false)} /> : <State id={id} onClose={() => setOpen(false)} />)}
    </>
  );
}

const refresh = (onClose: () => void) => () => {
  onClose();
  invalidate('patient:', 'case:', 'list:', 'worklists');
};

function State({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useText();
  const [occurred, setOccurred] = useState(localNow());
  const run = () => post(`/flow/patients/${id}/death`, { occurred: new Date(occurred).toISOString() });
  return (
    <Act title={t('patients.death.state')} submit={t('patients.death.confirm')} danger run={run} onClose={onClose} onDone={refresh(onClose)}>
      <p>{t('patients.death.explain')}</p>
      <label className="q-stack-tight">
        <span>{t('patients.death.occurred')}</span>
        <input className="c-select" type="datetime-local" required max={localNow()} value={occurred} onChange={(event) => setOccurred(event.currentTarget.value)} />
      </label>
    </Act>
  );
}

interface NotRestored {
  case: string;
  number: string;
  why: 'moved' | 'denied';
}

function Undo({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useText();
  const [reason, setReason] = useState('');
  const [left, setLeft] = useState<NotRestored[]>([]);
  const done = refresh(onClose);
  const run = async () => (await post<{ not_restored: NotRestored[] }>(`/flow/patients/${id}/death/undo`, { reason: reason.trim() })).not_restored;
  if (left.length > 0) {
    return (
      <Dialog title={t('patients.death.left')} onClose={done}>
        <div className="q-stack">
          <p>{t('patients.death.left_explain')}</p>
          <ul className="q-list q-stack-tight">
            {left.map((one) => (
              <li key={one.case}>
                <Link to={`/app/consult/${one.case}`} onClick={done}>
                  <span className="q-num">{one.number}</span>
                </Link>{' '}
                · {t(`patients.death.left.${one.why}`)}
              </li>
            ))}
          </ul>
          <div className="q-actions">
            <Button onClick={done}>{t('app.close')}</Button>
          </div>
        </div>
      </Dialog>
    );
  }
  return (
    <Act title={t('patients.death.undo')} submit={t('patients.death.undo')} run={() => run().then((found) => (found.length > 0 ? setLeft(found) : done()))} onClose={onClose} onDone={() => undefined}>
      <p>{t('patients.death.undo_explain')}</p>
      <Textarea label={t('patients.death.reason')} required maxLength={500} rows={3} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
    </Act>
  );
}
