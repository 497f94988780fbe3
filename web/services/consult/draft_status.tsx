import { Button } from '@mantine/core';
import { useText } from '../../app/i18n';
import { errorText } from '../../ui/cards';
import { formatTime } from '../../ui/format';
import type { Draft } from './use_draft';

export function DraftStatus<T>({ draft }: { draft: Draft<T> }) {
  const t = useText();
  if (draft.state === 'conflict' && draft.other) {
    return (
      <div className="q-note q-note-warning q-stack" role="alert">
        <p className="q-strong">{t('consult.draft.conflict', { time: formatTime(draft.other.saved) })}</p>
        <details>
          <summary>{t('consult.draft.show_theirs')}</summary>
          <pre className="q-small q-pre">{JSON.stringify(draft.other.body, null, 2)}</pre>
        </details>
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
