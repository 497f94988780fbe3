import { Button } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useText } from '../../app/i18n';
import { Busy, errorText } from '../../ui/cards';
import { formatTime } from '../../ui/format';
import type { Draft } from './use_draft';

/** Both texts are seldom needed: the editor's page does not carry what shows them. */
const SideBySide = lazy(() => import('./side_by_side'));

export function DraftStatus<T>({ draft }: { draft: Draft<T> }) {
  const t = useText();
  if (draft.state === 'conflict' && draft.other) {
    return (
      <div className="q-note q-note-warning q-stack" role="alert">
        <p className="q-strong">{t('consult.draft.conflict', { time: formatTime(draft.other.saved) })}</p>
        <Suspense fallback={<Busy />}>
          <SideBySide mine={draft.wire()} theirs={draft.other.body} />
        </Suspense>
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
