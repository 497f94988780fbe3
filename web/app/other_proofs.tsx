/** Ways to prove again who one is besides the password: a security key, a code, this device's key with its PIN. */
import { Button, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { hasSecurityKeys, proveByDevice, proveBySecurityKey, readDeviceKey, type DeviceKey } from '../api/authenticator';
import { askMe, stepUpBy, type Proof, type Question } from '../api/security';
import { noteProof } from '../api/session';
import { ErrorCard } from '../ui/cards';
import { useText } from './i18n';
import { useSession } from './session';

type Way = 'key' | 'code' | 'device';

/** The device key of this browser when it belongs to the person at the keyboard. */
export function useOwnDevice(): DeviceKey | undefined {
  const session = useSession();
  const [device, setDevice] = useState<DeviceKey>();
  useEffect(() => {
    // Private windows may have no store; then there is no device key either.
    readDeviceKey().then((key) => setDevice(key?.person === session.person.id ? key : undefined), () => undefined);
  }, [session.person.id]);
  return device;
}

export function OtherProofs({ onProved }: { onProved: () => void }) {
  const t = useText();
  const device = useOwnDevice();
  const [question, setQuestion] = useState<Question>();
  const [way, setWay] = useState<Way>();
  const [typed, setTyped] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    // Which ways there are; without an answer the password stays, which needs none.
    askMe().then(setQuestion, () => undefined);
  }, []);
  const prove = async (make: (asked: Question) => Promise<Proof>) => {
    setBusy(true);
    setError(undefined);
    try {
      noteProof((await stepUpBy(await make(await askMe()))).until);
      onProved();
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
      setTyped('');
    }
  };
  const byKey = hasSecurityKeys() && question?.kinds.includes('security_key');
  const byCode = question?.kinds.includes('totp');
  const byDevice = device !== undefined && question?.kinds.includes('device');
  if (!byKey && !byCode && !byDevice) return null;
  const send = () => void prove(async (asked) => (way === 'device' && device ? proveByDevice(device, typed, asked.challenge) : { code: typed.replace(/\s/g, '') }));
  const enter = (event: { key: string; preventDefault: () => void }) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    send();
  };
  return (
    <div className="q-stack-tight">
      <p className="q-small q-dim">{t('app.proof.or')}</p>
      <div className="q-actions">
        {byKey && (
          <Button size="compact-md" variant="default" loading={busy && way === 'key'} onClick={() => (setWay('key'), void prove(proveBySecurityKey))}>
            {t('app.proof.security_key')}
          </Button>
        )}
        {byCode && (
          <Button size="compact-md" variant="default" aria-expanded={way === 'code'} onClick={() => setWay('code')}>
            {t('app.proof.totp')}
          </Button>
        )}
        {byDevice && (
          <Button size="compact-md" variant="default" aria-expanded={way === 'device'} onClick={() => setWay('device')}>
            {t('app.proof.device')}
          </Button>
        )}
      </div>
      {(way === 'code' || way === 'device') && (
        <div className="q-row">
          <TextInput
            type={way === 'device' ? 'password' : 'text'}
            inputMode="numeric"
            autoComplete={way === 'code' ? 'one-time-code' : 'off'}
            label={way === 'code' ? t('app.second.code') : t('app.device.pin')}
            maxLength={12}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            onKeyDown={enter}
            autoFocus
          />
          <Button type="button" mt="auto" loading={busy} disabled={typed === ''} onClick={send}>
            {t('app.proof.send')}
          </Button>
        </div>
      )}
      {error !== undefined && <ErrorCard error={error} />}
    </div>
  );
}
