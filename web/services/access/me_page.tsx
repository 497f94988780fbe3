/** One's own security: second factors, recovery codes, sessions, a colleague's phone, and what happened lately. */
import { Button } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useQuery } from '../../api/cache';
import { forgetDeviceKey } from '../../api/authenticator';
import { newRecoveryCodes, readSecurity, removeFactor, type Factor, type Security } from '../../api/security';
import { textOr, useText } from '../../app/i18n';
import { useOwnDevice } from '../../app/other_proofs';
import { useSessionAccess } from '../../app/session';
import { useTitle } from '../../app/title';
import { Answered } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { formatDateTime } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { ActForm, AddFactor, codeFromAddress } from './add_factor';
import { ColleaguePhone } from './colleague_phone';
import { MySessions } from './my_sessions';
import { OidcCard } from './oidc_card';
import { OfflinePinCard } from './offline_pin_card';
import { ProveGate } from './prove_gate';
import { RecoveryCodes } from './recovery_codes';
import './access.css';

type Open = { what: 'add' } | { what: 'remove'; factor: Factor } | { what: 'codes' } | { what: 'phone' };

export default function MePage() {
  const t = useText();
  useTitle(t('app.nav.security'));
  const { enter } = useSessionAccess();
  const security = useQuery('access:security', readSecurity);
  const [open, setOpen] = useState<Open | undefined>(codeFromAddress() ? { what: 'add' } : undefined);
  const [codes, setCodes] = useState<string[]>();
  const close = () => {
    setOpen(undefined);
    security.reload();
  };
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.nav.security')}</h1>
      <Answered query={security}>{(data) => <Factors security={data} onOpen={setOpen} />}</Answered>
      <OidcCard onChanged={security.reload} />
      <OfflinePinCard />
      <MySessions />
      <section className="q-card q-stack">
        <h2>{t('security.colleague.title')}</h2>
        <p className="q-dim">{t('security.colleague.explain')}</p>
        <div>
          <Button variant="default" onClick={() => setOpen({ what: 'phone' })}>
            {t('security.colleague.show')}
          </Button>
        </div>
      </section>
      {security.data && <Notices security={security.data} />}
      {open?.what === 'add' && (
        <Gated title={t('security.add.title')} onClose={close}>
          <AddFactor
            known={security.data?.factors.filter((one) => one.kind === 'security_key').map((one) => one.handle) ?? []}
            onAdded={(added) => {
              close();
              if (added.session) enter(added.session);
              if (added.recoveryCodes.length > 0) setCodes(added.recoveryCodes);
            }}
          />
        </Gated>
      )}
      {open?.what === 'remove' && (
        <Gated title={t('security.remove.title')} onClose={close}>
          <Remove factor={open.factor} onDone={close} />
        </Gated>
      )}
      {open?.what === 'codes' && (
        <Gated title={t('security.recovery.title')} onClose={close}>
          <ActForm submit={t('security.recovery.make')} run={async () => (setCodes(await newRecoveryCodes()), close())}>
            <p>{t('security.recovery.replace')}</p>
          </ActForm>
        </Gated>
      )}
      {open?.what === 'phone' && (
        <Gated title={t('security.colleague.title')} onClose={close}>
          <ColleaguePhone />
        </Gated>
      )}
      {codes && (
        <Dialog title={t('security.recovery.title')} onClose={() => setCodes(undefined)}>
          <RecoveryCodes codes={codes} onKept={() => setCodes(undefined)} />
        </Dialog>
      )}
    </div>
  );
}

function Gated({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  return (
    <Dialog title={title} onClose={onClose}>
      <ProveGate>{children}</ProveGate>
    </Dialog>
  );
}

function Factors({ security, onOpen }: { security: Security; onOpen: (open: Open) => void }) {
  const t = useText();
  const device = useOwnDevice();
  return (
    <section className="q-card q-stack">
      <div className="q-between">
        <h2>{t('security.factors.title')}</h2>
        <Button variant="default" leftSection={<Icon name="plus" size={16} />} onClick={() => onOpen({ what: 'add' })}>
          {t('security.factors.add')}
        </Button>
      </div>
      {security.factors.length === 0 && <p className="q-dim">{t(security.required ? 'security.factors.none_required' : 'security.factors.none')}</p>}
      <ul className="q-stack acc-list">
        {security.factors.map((one) => (
          <li key={one.id} className="q-between acc-row">
            <div>
              <p className="q-row">
                <span className="q-strong">{one.name}</span> <span className="q-chip">{t(`security.kind.${one.kind}`)}</span>
                {one.locked && <span className="q-chip q-chip-critical">{t('security.factors.locked')}</span>}
                {one.kind === 'device' && one.handle === device?.id && <span className="q-chip q-chip-ok">{t('security.factors.this_device')}</span>}
              </p>
              <p className="q-small q-dim">
                {t('security.factors.since', { time: formatDateTime(one.since) })}
                {' · '}
                {one.used ? t('security.factors.used', { time: formatDateTime(one.used) }) : t('security.factors.unused')}
              </p>
            </div>
            <Button size="compact-sm" variant="default" aria-label={t('security.remove.named', { name: one.name })} onClick={() => onOpen({ what: 'remove', factor: one })}>
              {t('security.remove.do')}
            </Button>
          </li>
        ))}
      </ul>
      {security.factors.length > 0 && (
        <div className="q-between acc-row">
          <p className={security.recoveryLeft < 3 ? 'q-warning' : undefined}>{t('security.recovery.left', { count: security.recoveryLeft })}</p>
          <Button size="compact-sm" variant="default" onClick={() => onOpen({ what: 'codes' })}>
            {t('security.recovery.make')}
          </Button>
        </div>
      )}
    </section>
  );
}

function Remove({ factor, onDone }: { factor: Factor; onDone: () => void }) {
  const t = useText();
  const device = useOwnDevice();
  const run = async () => {
    await removeFactor(factor.id);
    if (factor.handle === device?.id) await forgetDeviceKey();
    onDone();
  };
  return (
    <ActForm submit={t('security.remove.do')} run={run}>
      <p>{t('security.remove.explain', { name: factor.name })}</p>
    </ActForm>
  );
}

function Notices({ security }: { security: Security }) {
  const t = useText();
  return (
    <section className="q-card q-stack">
      <h2>{t('security.notices.title')}</h2>
      {security.notices.length === 0 && <p className="q-dim">{t('security.notices.none')}</p>}
      <ul className="q-stack-tight acc-list">
        {security.notices.map((one, index) => (
          <li key={index} className="q-between acc-row">
            <span>{textOr(`security.notice.${one.code}`, one.code, { detail: one.detail })}</span>
            <span className="q-small q-dim q-num">
              {formatDateTime(one.at)}
              {one.address && ` · ${one.address}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
