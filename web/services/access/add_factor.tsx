/** Adding a second factor: an authenticator program, a security key, or this phone with a colleague's code. */
import { Button, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { hasSecurityKeys, keepDeviceKey, makeDeviceKey, makeSecurityKey } from '../../api/authenticator';
import { addDevice, addSecurityKey, askMe, beginTotp, confirmTotp, type Added } from '../../api/security';
import { useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { ErrorCard } from '../../ui/cards';
import { nameIn } from '../../ui/format';
import { QrCode } from '../../ui/qr_code';

type Way = 'totp' | 'security_key' | 'device';
/** A QR code that a colleague shows leads here with the code behind the #, which reaches no server. */
export const codeFromAddress = () => /^#device=([0-9A-Za-z]{8})$/.exec(location.hash)?.[1] ?? '';

export function AddFactor({ known, onAdded }: { known: string[]; onAdded: (added: Added) => void }) {
  const t = useText();
  const [way, setWay] = useState<Way | undefined>(codeFromAddress() ? 'device' : undefined);
  const ways: { way: Way; able: boolean }[] = [
    { way: 'totp', able: true },
    { way: 'security_key', able: hasSecurityKeys() },
    { way: 'device', able: window.isSecureContext },
  ];
  return (
    <div className="q-stack">
      <p>{t('security.add.choose')}</p>
      <div className="q-actions">
        {ways.map((one) => (
          <Button key={one.way} variant={way === one.way ? 'filled' : 'default'} disabled={!one.able} aria-expanded={way === one.way} onClick={() => setWay(one.way)}>
            {t(`security.kind.${one.way}`)}
          </Button>
        ))}
      </div>
      {!hasSecurityKeys() && <p className="q-small q-dim">{t('security.add.no_keys_here')}</p>}
      {way === 'totp' && <AddTotp onAdded={onAdded} />}
      {way === 'security_key' && <AddSecurityKey known={known} onAdded={onAdded} />}
      {way === 'device' && <AddDevice onAdded={onAdded} />}
    </div>
  );
}

/** A form whose one button does the act and shows its refusal. */
export function ActForm({ submit, run, disabled = false, children }: { submit: string; run: () => Promise<void>; disabled?: boolean; children: ReactNode }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    run().catch(setError).finally(() => setBusy(false));
  };
  return (
    <form className="q-stack" onSubmit={send}>
      {children}
      {error !== undefined && <ErrorCard error={error} />}
      <div>
        <Button type="submit" loading={busy} disabled={disabled}>
          {submit}
        </Button>
      </div>
    </form>
  );
}

function AddTotp({ onAdded }: { onAdded: (added: Added) => void }) {
  const t = useText();
  const [begun, setBegun] = useState<{ secret: string; uri: string }>();
  const [name, setName] = useState('');
  const [code, setCode] = useState('');
  if (!begun) {
    return (
      <ActForm submit={t('security.totp.begin')} run={async () => setBegun(await beginTotp())}>
        <p>{t('security.totp.explain')}</p>
      </ActForm>
    );
  }
  return (
    <ActForm submit={t('security.totp.confirm')} run={async () => onAdded(await confirmTotp(code.replace(/\s/g, ''), name))}>
      <p>{t('security.totp.scan')}</p>
      <QrCode text={begun.uri} label={t('security.totp.qr')} />
      <p className="q-small">
        {t('security.totp.secret')} <span className="acc-secret q-num">{begun.secret.replace(/(.{4})/g, '$1 ').trim()}</span>
      </p>
      <TextInput label={t('security.name')} maxLength={40} value={name} placeholder={t('security.totp.name_example')} onChange={(event) => setName(event.currentTarget.value)} />
      <TextInput label={t('app.second.code')} inputMode="numeric" autoComplete="one-time-code" required maxLength={7} value={code} onChange={(event) => setCode(event.currentTarget.value)} />
    </ActForm>
  );
}

function AddSecurityKey({ known, onAdded }: { known: string[]; onAdded: (added: Added) => void }) {
  const t = useText();
  const { person } = useSession();
  const [name, setName] = useState('');
  const run = async () => {
    const { challenge } = await askMe();
    onAdded(await addSecurityKey({ name, ...(await makeSecurityKey(challenge, { id: person.id, login: person.login, name: nameIn(person) }, known)) }));
  };
  return (
    <ActForm submit={t('security.security_key.add')} run={run}>
      <p>{t('security.security_key.explain')}</p>
      <TextInput label={t('security.name')} required maxLength={40} value={name} placeholder={t('security.security_key.name_example')} onChange={(event) => setName(event.currentTarget.value)} />
    </ActForm>
  );
}

function AddDevice({ onAdded }: { onAdded: (added: Added) => void }) {
  const t = useText();
  const { person } = useSession();
  const [form, setForm] = useState({ code: codeFromAddress(), name: '', pin: '', again: '' });
  const set = (name: keyof typeof form) => (event: { currentTarget: { value: string } }) => {
    const { value } = event.currentTarget;
    setForm((before) => ({ ...before, [name]: value }));
  };
  const mismatch = form.again !== '' && form.again !== form.pin;
  const run = async () => {
    if (mismatch) return;
    const { challenge } = await askMe();
    const made = await makeDeviceKey(challenge);
    const added = await addDevice({ name: form.name, code: form.code, pin: form.pin, publicKey: made.publicKey, signature: made.signature });
    if (added.device) await keepDeviceKey({ id: added.device, person: person.id, key: made.key });
    if (location.hash) history.replaceState(null, '', location.pathname);
    onAdded(added);
  };
  return (
    <ActForm submit={t('security.device.add')} run={run}>
      <p>{t('security.device.explain')}</p>
      <TextInput label={t('security.device.code')} required maxLength={10} autoCapitalize="characters" autoComplete="off" spellCheck={false} value={form.code} onChange={set('code')} />
      <TextInput label={t('security.name')} required maxLength={40} value={form.name} placeholder={t('security.device.name_example')} onChange={set('name')} />
      <TextInput type="password" label={t('app.device.pin')} description={t('security.device.pin_rule')} inputMode="numeric" autoComplete="off" required minLength={6} maxLength={12} pattern="[0-9]{6,12}" value={form.pin} onChange={set('pin')} />
      <TextInput type="password" label={t('security.device.pin_again')} inputMode="numeric" autoComplete="off" required maxLength={12} value={form.again} onChange={set('again')} error={mismatch ? t('security.device.pin_mismatch') : undefined} />
    </ActForm>
  );
}
