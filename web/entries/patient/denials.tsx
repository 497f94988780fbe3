/** Which institutions see nothing of the patient, since when, on whose word, and taking an objection back. */
import { useState } from 'react';
import { useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';
import { ActForm, Answered, Field, Sheet, useLoad } from './parts';
import { endDenial, readDenials, type Denial } from './wire';

/** @param may  the patient in person: who acts for another does it at the clinic */
export function Denials({ who, may }: { who: string; may: boolean }) {
  const t = useText();
  const query = useLoad(() => readDenials(who), `denials ${who}`);
  const [ending, setEnding] = useState<Denial>();
  return (
    <section className="stack">
      <h2>{t('mine.denial.title')}</h2>
      <p>{t('mine.denial.explain')}</p>
      <Answered query={query}>
        {({ denials }) =>
          denials.length === 0 ? (
            <p className="card dim">{t('mine.denial.none')}</p>
          ) : (
            <ul className="list stack">
              {denials.map((one) => (
                <li key={one.organisation?.resource} className="card stack-tight">
                  <span className="between">
                    <span className="strong">{nameIn(one.organisation)}</span>
                    <span className={one.stands ? 'chip chip-bad' : 'chip'}>{t(one.stands ? 'mine.denial.stands' : 'mine.denial.over')}</span>
                  </span>
                  <p>{t(one.stands ? `mine.denial.why.${one.reason ?? 'objection'}` : 'mine.denial.ended', { time: formatDateTime(one.since) })}</p>
                  <p className="dim small">{one.byPatient ? t('mine.denial.by_you') : one.by ? t('mine.denial.by', { name: nameIn(one.by) }) : null}</p>
                  {one.stands && one.reason === 'withdrawn' && <p className="small">{t('mine.denial.new_consent')}</p>}
                  {one.stands && one.reason === 'objection' && (may ? (
                    <div>
                      <button type="button" className="quiet" onClick={() => setEnding(one)}>
                        {t('mine.denial.end')}
                      </button>
                    </div>
                  ) : (
                    <p className="small">{t('mine.withdraw.at_clinic')}</p>
                  ))}
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
      {ending && (
        <EndSheet
          who={who}
          denial={ending}
          onClose={() => setEnding(undefined)}
          onDone={() => {
            setEnding(undefined);
            query.reload();
          }}
        />
      )}
    </section>
  );
}

function EndSheet({ who, denial, onClose, onDone }: { who: string; denial: Denial; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const [pin, setPin] = useState('');
  return (
    <Sheet title={t('mine.denial.end_title')} onClose={onClose}>
      <ActForm submit={t('mine.denial.end')} onCancel={onClose} run={async () => (await endDenial(who, denial.organisation?.resource ?? '', pin), onDone())}>
        <p>{t('mine.denial.end_explain', { name: nameIn(denial.organisation) })}</p>
        <Field label={t('mine.pin')} type="password" inputMode="numeric" autoComplete="current-password" maxLength={6} required value={pin} onChange={(event) => setPin(event.currentTarget.value)} />
      </ActForm>
    </Sheet>
  );
}
