/** What stands in every dialog that signs: in words what is signed, and the identity asked again. */
import { PasswordInput } from '@mantine/core';
import { useState } from 'react';
import { isProved } from '../../api/session';
import { useText } from '../../app/i18n';
import { OtherProofs } from '../../app/other_proofs';
import { useSession } from '../../app/session';
import { nameIn } from '../../ui/format';

/** The people of the demo network have no passwords: there the name alone is asked again. */
export function usePasswordNeeded(): (password: string) => boolean {
  const { demo } = useSession();
  return (password) => !demo && password === '' && !isProved();
}

export function SignFields({ statement, lines = [], password, onPassword, error }: { statement: string; lines?: readonly string[]; password: string; onPassword: (password: string) => void; error?: string | undefined }) {
  const t = useText();
  const session = useSession();
  const [proved, setProved] = useState(isProved());
  return (
    <div className="q-note q-stack">
      <div>
        <p className="q-strong">{t('consult.sign.what')}</p>
        <p>{statement}</p>
        {lines.length > 0 && (
          <ul>
            {lines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        )}
        <p className="q-small q-dim">{t('consult.sign.closed', { name: nameIn(session.person) })}</p>
      </div>
      {proved ? (
        <p className="q-ok">{t('app.proof.done')}</p>
      ) : (
      <PasswordInput
        label={t('consult.sign.password')}
        description={session.demo ? t('consult.sign.demo_password') : undefined}
        required={!session.demo}
        autoComplete="current-password"
        maxLength={256}
        value={password}
        onChange={(event) => onPassword(event.currentTarget.value)}
        error={error}
        visibilityToggleButtonProps={{ 'aria-label': t('app.show_password') }}
      />
      )}
      {!proved && <OtherProofs onProved={() => setProved(true)} />}
    </div>
  );
}
