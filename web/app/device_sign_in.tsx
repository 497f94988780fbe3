/** This browser holds a registered device key: its PIN alone signs in. */
import { Button, TextInput } from '@mantine/core';
import { useEffect, useState, type FormEvent } from 'react';
import { proveByDevice, readDeviceKey, type DeviceKey } from '../api/authenticator';
import { signInByDevice } from '../api/security';
import { ErrorCard } from '../ui/cards';
import { useText } from './i18n';
import { useSessionAccess } from './session';

export function DeviceSignIn() {
  const t = useText();
  const { enter } = useSessionAccess();
  const [device, setDevice] = useState<DeviceKey>();
  const [pin, setPin] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    // No store, no device key: then the password form is all there is.
    readDeviceKey().then(setDevice, () => undefined);
  }, []);
  if (!device) return null;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      enter(await signInByDevice(await proveByDevice(device, pin)));
    } catch (cause) {
      setError(cause);
      setPin('');
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className="q-card q-stack" onSubmit={(event) => void submit(event)}>
      <h3>{t('app.device.title')}</h3>
      <TextInput type="password" label={t('app.device.pin')} inputMode="numeric" autoComplete="off" required maxLength={12} value={pin} onChange={(event) => setPin(event.currentTarget.value)} />
      {error !== undefined && <ErrorCard error={error} />}
      <Button type="submit" loading={busy}>
        {t('app.sign_in')}
      </Button>
    </form>
  );
}
