/** What was agreed to, for whom, in which words, and whether it still holds. */
import { useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';
import { Answered, useLoad } from './parts';
import { readConsents } from './wire';

export function ConsentsPage({ who }: { who: string }) {
  const t = useText();
  const query = useLoad(() => readConsents(who), `consents ${who}`);
  return (
    <div className="stack">
      <h1>{t('mine.page.consents')}</h1>
      <p>{t('mine.consent.explain')}</p>
      <Answered query={query}>
        {({ consents }) =>
          consents.length === 0 ? (
            <p className="card strong">{t('mine.consent.none')}</p>
          ) : (
            <ul className="list stack">
              {consents.map((one) => (
                <li key={one.reference} className="card stack-tight">
                  <span className="between">
                    <span className="strong">{t('mine.consent.to', { name: nameIn(one.to) })}</span>
                    <span className={one.holds ? 'chip chip-ok' : 'chip'}>{one.holds ? t('mine.consent.holds') : t('mine.consent.ended')}</span>
                  </span>
                  <p className="dim">
                    {t('mine.consent.given', { name: one.by ?? '', time: formatDateTime(one.given) })} · <a href={`#cases/${one.case}`}>{one.number}</a>
                  </p>
                  <details>
                    <summary>{t('mine.consent.text')}</summary>
                    <p className="pre">{one.text}</p>
                  </details>
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
    </div>
  );
}
