import { Button } from '@mantine/core';
import { sameJson } from '../../api/same_json';
import { textOr, useText } from '../../app/i18n';
import { errorText } from '../../ui/cards';
import { formatTime } from '../../ui/format';
import type { Draft } from './use_draft';

const shown = (value: unknown): string => (value === undefined || value === '' ? '–' : typeof value === 'object' ? JSON.stringify(value, null, 1).replace(/[{}[\]"]/g, '').replace(/\n\s*\n/g, '\n').trim() : String(value));

/** What differs, field by field, this text beside the other. */
function SideBySide({ mine, theirs }: { mine: unknown; theirs: unknown }) {
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

export function DraftStatus<T>({ draft }: { draft: Draft<T> }) {
  const t = useText();
  if (draft.state === 'conflict' && draft.other) {
    return (
      <div className="q-note q-note-warning q-stack" role="alert">
        <p className="q-strong">{t('consult.draft.conflict', { time: formatTime(draft.other.saved) })}</p>
        <SideBySide mine={draft.wire()} theirs={draft.other.body} />
        <div className="q-actions">
          <Button size="compact-md" variant="default" onClick={() => draft.resolve('theirs')}>
            {t('consult.draft.take_theirs')}
          </Button>
          <Button size="compact-md" variant="default" onClick={() => draft.resolve('mine')}>
            {t('consult.draft.keep_mine')}
          </Button>
        </div>
      </div>
    );
  }
  return (
    <p className={`q-small ${draft.state === 'failed' ? 'q-warning' : 'q-dim'}`} role="status">
      {draft.state === 'saved' && draft.savedAt && t('consult.draft.saved', { time: formatTime(draft.savedAt) })}
      {draft.state === 'saving' && t('consult.draft.saving')}
      {draft.state === 'unsaved' && t('consult.draft.unsaved')}
      {draft.state === 'failed' && t('consult.draft.failed', { reason: errorText(draft.error) })}
    </p>
  );
}
