import { sameJson } from '../../api/same_json';
import { textOr, useText } from '../../app/i18n';

const shown = (value: unknown): string => (value === undefined || value === '' ? '–' : typeof value === 'object' ? JSON.stringify(value, null, 1).replace(/[{}[\]"]/g, '').replace(/\n\s*\n/g, '\n').trim() : String(value));

/** What differs, field by field, this text beside the other. */
export default function SideBySide({ mine, theirs }: { mine: unknown; theirs: unknown }) {
  const t = useText();
  const [left, right] = [mine, theirs].map((one) => (one ?? {}) as Record<string, unknown>) as [Record<string, unknown>, Record<string, unknown>];
  const fields = [...new Set([...Object.keys(left), ...Object.keys(right)])].filter((name) => !sameJson(left[name], right[name]));
  return (
    <div className="q-stack">
      {fields.map((name) => (
        <section key={name} className="q-stack-tight" data-differs={name}>
          <p className="q-strong">{textOr(`consult.field.${name}`, textOr(`consult.opinion.${name}`, name))}</p>
          <div className="q-grid-2">
            <div className="q-card">
              <p className="q-small q-dim">{t('consult.draft.mine')}</p>
              <p className="q-pre">{shown(left[name])}</p>
            </div>
            <div className="q-card">
              <p className="q-small q-dim">{t('consult.draft.theirs')}</p>
              <p className="q-pre">{shown(right[name])}</p>
            </div>
          </div>
        </section>
      ))}
    </div>
  );
}
