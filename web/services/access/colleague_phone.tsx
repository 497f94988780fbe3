/** A code for a colleague's phone, shown face to face. */
import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from '../../api/cache';
import { readMembers } from '../../api/people';
import { giveDeviceCode } from '../../api/security';
import { useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { formatTime, nameIn } from '../../ui/format';
import { QrCode } from '../../ui/qr_code';
import { ActForm } from './add_factor';

export function ColleaguePhone({ practitioner = '' }: { practitioner?: string }) {
  const t = useText();
  const session = useSession();
  const people = useQuery('people', readMembers);
  const [chosen, setChosen] = useState(practitioner);
  const [given, setGiven] = useState<{ code: string; until: string }>();
  const own = new Set(session.memberships.map((one) => one.organisation.resource));
  const everybody = session.memberships.some((one) => one.role === 'security_admin');
  const colleagues = [...new Map((people.data ?? []).filter((one) => one.practitioner !== session.person.practitioner && (everybody || own.has(one.organisation?.resource ?? ''))).map((one) => [one.practitioner, one])).values()];
  if (given) {
    return (
      <div className="q-stack">
        <p>{t('security.colleague.scan')}</p>
        <QrCode text={`${location.origin}/app/access/me#device=${given.code}`} label={t('security.colleague.qr')} />
        <p>
          {t('security.colleague.type')} <span className="acc-secret q-num">{given.code.replace(/(.{4})/, '$1 ')}</span>
        </p>
        <p className="q-small q-dim">{t('security.colleague.until', { time: formatTime(given.until) })}</p>
      </div>
    );
  }
  return (
    <ActForm submit={t('security.colleague.show')} run={async () => setGiven(await giveDeviceCode(chosen))}>
      <p>{t('security.colleague.vouch')}</p>
      <NativeSelect label={t('security.colleague.who')} required value={chosen} onChange={(event) => setChosen(event.currentTarget.value)} data={[{ value: '', label: t('security.choose') }, ...colleagues.map((one) => ({ value: one.practitioner, label: `${nameIn(one)} · ${nameIn(one.organisation)}` }))]} />
    </ActForm>
  );
}
