/** What changes trust is done only by somebody who has just proved who they are: the password, or another way, first. */
import { PasswordInput } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { isProved, noteProof, stepUp } from '../../api/session';
import { useText } from '../../app/i18n';
import { OtherProofs } from '../../app/other_proofs';
import { useSession } from '../../app/session';
import { ActForm } from './add_factor';

export function ProveGate({ children }: { children: ReactNode }) {
  const t = useText();
  const session = useSession();
  const [proved, setProved] = useState(isProved());
  const [password, setPassword] = useState('');
  if (proved) return children;
  const run = async () => {
    noteProof((await stepUp(password)).until);
    setProved(true);
  };
  return (
    <div className="q-stack">
      <p>{t('security.prove.explain')}</p>
      <ActForm submit={t('security.prove.go')} run={run}>
        <PasswordInput
          label={t('app.password')}
          description={session.demo ? t('security.prove.demo') : undefined}
          required={!session.demo}
          autoComplete="current-password"
          maxLength={256}
          autoFocus
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          visibilityToggleButtonProps={{ 'aria-label': t('app.show_password') }}
        />
      </ActForm>
      <OtherProofs onProved={() => setProved(true)} />
    </div>
  );
}
