/** An upload between the device and the server: how far it is, why it was refused, and how it is let go. */
import { Button, Progress } from '@mantine/core';
import { lazy, Suspense, useEffect, useState } from 'react';
import { unsent, type Unsent } from '../../api/unsent';
import { useText } from '../../app/i18n';
import { errorText } from '../../ui/cards';
import { formatTime } from '../../ui/format';
import { Icon } from '../../ui/icons';

const DiscardUpload = lazy(() => import('./discard').then((made) => ({ default: made.DiscardUpload })));

/** An upload that its person wants sent: how far it is, or why it was refused. */
export function OnItsWay({ item }: { item: Unsent }) {
  const t = useText();
  const { progress } = item;
  const percent = progress && progress.total > 0 ? Math.round((100 * progress.sent) / progress.total) : 0;
  return (
    <div className="q-stack-tight" role="status">
      <span className="q-strong">{[t(`consult.kind.${item.kind}`), item.title].filter(Boolean).join(' · ')}</span>
      {item.error === undefined ? (
        <>
          <Progress value={percent} aria-label={t('consult.photo.progress', { percent })} />
          <span className="q-small q-dim q-num">{!progress ? t('consult.photo.in_line') : progress.retryAt ? t('consult.photo.retry', { time: formatTime(progress.retryAt) }) : t('consult.photo.progress', { percent })}</span>
          {!item.kept && <span className="q-small q-warning">{t('app.unsent.not_kept')}</span>}
        </>
      ) : (
        <>
          <span className="q-critical">{errorText(item.error)}</span>
          <div className="q-row">
            <Button size="compact-sm" variant="default" onClick={() => void unsent.want([item.id])}>
              {t('consult.photo.again')}
            </Button>
            <Suspense fallback={null}>
              <DiscardUpload id={item.id} />
            </Suspense>
          </div>
        </>
      )}
    </div>
  );
}

export function Thumb({ blob }: { blob: Blob }) {
  const t = useText();
  const isPicture = blob.type.startsWith('image/');
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  if (!isPicture) {
    return (
      <div className="ph-thumb ph-empty">
        <Icon name={blob.type.startsWith('audio/') ? 'mic' : 'file'} size={40} />
      </div>
    );
  }
  return url ? <img className="ph-thumb" src={url} alt={t('consult.photo.preview')} /> : <div className="ph-thumb" />;
}
