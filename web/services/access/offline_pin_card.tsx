/** The offline PIN of this person on this device: set, changed, taken away. */
import { Button, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { askSealKey } from '../../api/device';
import { isGoodPin, kLeastDigits, kMostTries, pinOf, removePin, setPin } from '../../api/offline_pin';
import { useText } from '../../app/i18n';
import { useSession, useSessionAccess } from '../../app/session';
import { Dialog } from '../../ui/dialog';
import { ActForm } from './add_factor';

export function OfflinePinCard() {
  const t = useText();
  const session = useSession();
  const { state } = useSessionAccess();
  const [isSet, setIsSet] = useState<boolean>();
  const [open, setOpen] = useState(false);
  const look = () => pinOf(session.person.id).then((found) => setIsSet(found !== undefined), () => setIsSet(undefined));
  useEffect(() => void look(), [session.person.id]);
  // Without TLS or a store nothing is kept on a device, and there is nothing to open.
  if (isSet === undefined || !globalThis.crypto?.subtle) return null;
  const unlocked = state.phase === 'open' && state.offline === true;
  return (
    <section className="q-card q-stack">
      <h2>{t('security.pin.title')}</h2>
      <p className="q-dim">{t('security.pin.explain', { count: kMostTries })}</p>
      <p className="q-strong">{t(isSet ? 'security.pin.is_set' : 'security.pin.not_set')}</p>
      <div className="q-actions">
        <Button variant="default" disabled={unlocked} onClick={() => setOpen(true)}>
          {t(isSet ? 'security.pin.change' : 'security.pin.set')}
        </Button>
        {isSet && (
          <Button variant="default" onClick={() => void removePin(session.person.id).then(look)}>
            {t('security.pin.remove')}
          </Button>
        )}
      </div>
      {open && (
        <Dialog title={t('security.pin.title')} onClose={() => setOpen(false)}>
          <PinForm onDone={() => (setOpen(false), void look())} />
        </Dialog>
      )}
    </section>
  );
}

function PinForm({ onDone }: { onDone: () => void }) {
  const t = useText();
  const session = useSession();
  const [pin, setTyped] = useState('');
  const [again, setAgain] = useState('');
  const isWeak = pin !== '' && !isGoodPin(pin);
  const differs = again !== '' && again !== pin;
  const keep = async () => {
    await setPin(pin, await askSealKey(), session);
    onDone();
  };
  return (
    <ActForm submit={t('security.pin.keep')} disabled={!isGoodPin(pin) || pin !== again} run={keep}>
      <TextInput type="password" label={t('security.pin.new')} description={t('security.pin.rule', { count: kLeastDigits })} inputMode="numeric" autoComplete="off" required maxLength={64} value={pin} onChange={(event) => setTyped(event.currentTarget.value)} error={isWeak ? t('security.pin.weak') : undefined} />
      <TextInput type="password" label={t('security.pin.again')} inputMode="numeric" autoComplete="off" required maxLength={64} value={again} onChange={(event) => setAgain(event.currentTarget.value)} error={differs ? t('security.pin.differs') : undefined} />
    </ActForm>
  );
}
