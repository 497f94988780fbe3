/** The whole page of somebody whose role needs a second factor and who has none yet: nothing else works before. */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { LanguageSwitch } from '../../app/language_switch';
import { useText } from '../../app/i18n';
import { useSession, useSessionAccess } from '../../app/session';
import type { Added } from '../../api/security';
import { nameIn } from '../../ui/format';
import { AddFactor } from './add_factor';
import { RecoveryCodes } from './recovery_codes';
import './access.css';

export default function MustEnrolPage() {
  const t = useText();
  const session = useSession();
  const { enter, leave } = useSessionAccess();
  const [added, setAdded] = useState<Added>();
  useEffect(() => {
    document.title = `${t('security.must.title')} · ${t('app.name')}`;
  }, [t]);
  // The codes are shown once: the new session opens its pages only after they were put away.
  const go = () => {
    if (added?.session) enter(added.session);
  };
  return (
    <main className="q-page q-page-narrow" id="main">
      <div className="q-between">
        <h1>{t('security.must.title')}</h1>
        <LanguageSwitch />
      </div>
      {added ? (
        <section className="q-card q-stack">
          <h2>{t('security.recovery.title')}</h2>
          <RecoveryCodes codes={added.recoveryCodes} onKept={go} />
        </section>
      ) : (
        <>
          <p>{t('security.must.explain', { name: nameIn(session.person) })}</p>
          <section className="q-card q-stack">
            <AddFactor known={[]} onAdded={setAdded} />
          </section>
          <div>
            <Button variant="default" onClick={() => void leave()}>
              {t('app.sign_out')}
            </Button>
          </div>
        </>
      )}
    </main>
  );
}
