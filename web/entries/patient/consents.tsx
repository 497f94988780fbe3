/** What was agreed to, for whom, in which words, whether it still holds, and taking it back. */
import { useState } from 'react';
import { useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';
import { ActForm, Answered, Field, Sheet, useLoad } from './parts';
import { readConsents, withdraw, type Consent } from './wire';

export function ConsentsPage({ who, may }: { who: string; may: boolean }) {
  const t = useText();
  const query = useLoad(() => readConsents(who), `consents ${who}`);
  const [open, setOpen] = useState<Consent>();
  const [done, setDone] = useState(false);
  return (
    <div className="stack">
      <h1>{t('mine.page.consents')}</h1>
      <p>{t('mine.consent.explain')}</p>
      {!may && <p className="note">{t('mine.withdraw.at_clinic')}</p>}
      {done && (
        <p className="note note-ok" role="status">
          {t('mine.withdraw.done')}
        </p>
      )}
      <Answered query={query}>
        {({ consents }) =>
          consents.length === 0 ? (
            <p className="card strong">{t('mine.consent.none')}</p>
          ) : (
            <ul className="list stack">
              {consents.map((one) => (
                <li key={one.reference} className="card stack-tight">
                  <span className="between">
                    <span className="strong">{t(`mine.consent.${one.scope}`, { name: nameIn(one.to) })}</span>
                    <span className={one.holds ? 'chip chip-ok' : 'chip'}>{t(one.holds ? 'mine.consent.holds' : one.permits ? 'mine.consent.ended' : 'mine.consent.refused')}</span>
                  </span>
                  <p className="dim">
                    {t('mine.consent.given', { name: one.by ?? '', time: formatDateTime(one.given) })} · <a href={`#cases/${one.case}`}>{one.number}</a>
                  </p>
                  <details>
                    <summary>{t('mine.consent.text')}</summary>
                    {one.text_version && <p className="dim small">{t('mine.consent.version', { version: one.text_version, language: one.language ?? '' })}</p>}
                    <p className="pre">{one.text}</p>
                  </details>
                  {may && one.holds && (
                    <div>
                      <button type="button" className="quiet" onClick={() => setOpen(one)}>
                        {t('mine.withdraw.button')}
                      </button>
                    </div>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
      {open && (
        <WithdrawSheet
          who={who}
          consent={open}
          onClose={() => setOpen(undefined)}
          onDone={() => {
            setOpen(undefined);
            setDone(true);
            query.reload();
          }}
        />
      )}
    </div>
  );
}

function WithdrawSheet({ who, consent, onClose, onDone }: { who: string; consent: Consent; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const [pin, setPin] = useState('');
  const [known, setKnown] = useState(false);
  return (
    <Sheet title={t('mine.withdraw.title')} onClose={onClose}>
      <ActForm submit={t('mine.withdraw.submit')} onCancel={onClose} run={async () => (await withdraw(who, consent.case, pin, consent.scope, known), onDone())}>
        <p>{consent.scope === 'consultation' ? t('mine.withdraw.explain', { name: nameIn(consent.to) }) : t('mine.withdraw.explain_scope')}</p>
        {consent.scope === 'consultation' && (
          <label className="check">
            <input type="checkbox" required checked={known} onChange={(event) => setKnown(event.currentTarget.checked)} /> <span>{t('mine.withdraw.emergency')}</span>
          </label>
        )}
        <Field label={t('mine.pin')} type="password" inputMode="numeric" autoComplete="current-password" maxLength={6} required value={pin} onChange={(event) => setPin(event.currentTarget.value)} />
      </ActForm>
    </Sheet>
  );
}
