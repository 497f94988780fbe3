/** What each of several experts signed: agreement or dissent, word for word. */
import type { ExpertPart } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';

export function ExpertParts({ parts }: { parts: readonly ExpertPart[] }) {
  const t = useText();
  if (parts.length === 0) return null;
  return (
    <section className="q-card q-stack">
      <h2>{t('consult.parts.title')}</h2>
      <ul className="q-list q-stack">
        {parts.map((one) => (
          <li key={one.by.reference} className={one.stance === 'dissent' ? 'q-note q-note-warning' : 'q-note'}>
            <p className="q-row">
              <span className="q-strong">{nameIn(one.by)}</span>
              <span className="q-small q-dim">{textOr(`consult.specialty.${one.specialty}`, one.specialty)}</span>
              <span className={`q-chip ${one.stance === 'dissent' ? 'q-chip-warning' : 'q-chip-ok'}`}>{t(`consult.option.stance.${one.stance}`)}</span>
              <span className="q-small q-dim q-num">{formatDateTime(one.signed)}</span>
            </p>
            <p className="q-pre">{one.text ?? t('consult.parts.hidden')}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}
