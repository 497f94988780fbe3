/** The account at the institution's sign-in service that opens this person's access here. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import { beginOidcLink, oidcName, readOwnOidc, removeOidcLink } from '../../api/oidc';
import { useLanguage, useText } from '../../app/i18n';
import { Dialog } from '../../ui/dialog';
import { formatDateTime } from '../../ui/format';
import { ActForm } from './add_factor';
import { ProveGate } from './prove_gate';

export function OidcCard({ onChanged }: { onChanged: () => void }) {
  const t = useText();
  const language = useLanguage();
  const own = useQuery('access:oidc', readOwnOidc);
  const [open, setOpen] = useState<'link' | 'remove'>();
  if (!own.data?.on) return null;
  const service = oidcName(own.data, language, t('security.oidc.service'));
  const done = () => {
    setOpen(undefined);
    own.reload();
    onChanged();
  };
  return (
    <section className="q-card q-stack">
      <h2>{t('security.oidc.title')}</h2>
      {own.data.since ? <p>{t('security.oidc.linked', { service, time: formatDateTime(own.data.since) })}</p> : <p className="q-dim">{t('security.oidc.explain', { service })}</p>}
      <div>
        <Button variant="default" onClick={() => setOpen(own.data?.since ? 'remove' : 'link')}>
          {t(own.data.since ? 'security.oidc.remove' : 'security.oidc.link')}
        </Button>
      </div>
      {open && (
        <Dialog title={t(open === 'link' ? 'security.oidc.link' : 'security.oidc.remove')} onClose={() => setOpen(undefined)}>
          <ProveGate>
            {open === 'link' ? (
              <ActForm submit={t('security.oidc.go')} run={beginOidcLink}>
                <p>{t('security.oidc.link_explain', { service })}</p>
              </ActForm>
            ) : (
              <ActForm submit={t('security.oidc.remove')} run={async () => (await removeOidcLink(), done())}>
                <p>{t('security.oidc.remove_explain', { service })}</p>
              </ActForm>
            )}
          </ProveGate>
        </Dialog>
      )}
    </section>
  );
}
