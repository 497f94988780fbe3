/** No line: the PIN of somebody who set one on this device opens what is kept here. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useEffect, useState, type FormEvent } from 'react';
import { ApiError } from '../api/http';
import { keptReads } from '../api/kept_reads';
import { pinsHere, unlockByPin, type PinRecord } from '../api/offline_pin';
import { errorText } from '../ui/cards';
import { nameIn } from '../ui/format';
import { useText } from './i18n';
import { useSessionAccess } from './session';

export default function OfflineUnlock() {
  const t = useText();
  const { enterOffline } = useSessionAccess();
  const [pins, setPins] = useState<PinRecord[]>();
  const [person, setPerson] = useState('');
  const [pin, setPin] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const load = () => pinsHere().then(setPins, () => setPins([]));
  useEffect(() => void load(), []);
  if (!pins) return null;
  if (pins.length === 0)
    return (
      <div className="q-note q-stack-tight">
        {error !== undefined && <p className="q-critical q-strong" role="alert">{errorText(error)}</p>}
        <p>{t('app.pin.none_here')}</p>
      </div>
    );
  const chosen = pins.find((one) => one.person === person) ?? pins[0];
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!chosen) return;
    setBusy(true);
    setError(undefined);
    try {
      enterOffline(await unlockByPin(chosen.person, pin));
    } catch (cause) {
      setError(cause);
      setPin('');
      setBusy(false);
      if (cause instanceof ApiError && cause.code === 'client.pin_destroyed') await keptReads.wipe(chosen.person).catch(() => undefined);
      await load();
    }
  };
  const known = error instanceof ApiError ? error : undefined;
  return (
    <form className="q-card q-stack" onSubmit={(event) => void submit(event)}>
      <h2>{t('app.pin.unlock')}</h2>
      <p className="q-dim">{t('app.pin.unlock_help')}</p>
      {pins.length > 1 ? (
        <NativeSelect label={t('app.pin.person')} value={chosen?.person ?? ''} onChange={(event) => setPerson(event.currentTarget.value)} data={pins.map((one) => ({ value: one.person, label: nameIn(one) }))} />
      ) : (
        <p className="q-strong">{nameIn(chosen)}</p>
      )}
      <TextInput type="password" label={t('app.pin.label')} inputMode="numeric" autoComplete="off" required maxLength={64} value={pin} onChange={(event) => setPin(event.currentTarget.value)} />
      {known && (
        <div className="q-note q-note-critical" role="alert">
          <p className="q-strong">{errorText(known)}</p>
          {known.code === 'client.pin_wrong' && <p>{t('app.pin.left', { count: (known.body as { left: number }).left })}</p>}
          {known.retryAfterS > 0 && <p>{t('app.pin.wait', { seconds: known.retryAfterS })}</p>}
        </div>
      )}
      <Button type="submit" loading={busy}>
        {t('app.pin.open')}
      </Button>
    </form>
  );
}
