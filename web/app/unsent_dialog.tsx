/** Everything of this person that lies on this device and not yet on the server: go on, or discard it. */
import { Button } from '@mantine/core';
import { Link } from 'react-router';
import { unsent, useUnsent } from '../api/unsent';
import { DiscardUpload, OnItsWay, Thumb } from '../services/consult/photo_capture';
import { Dialog } from '../ui/dialog';
import { formatDateTime } from '../ui/format';
import { useText } from './i18n';

export default function UnsentDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const items = useUnsent().filter((one) => one.attachment === undefined);
  return (
    <Dialog onClose={onClose} title={t('app.unsent.title')}>
      <div className="q-stack">
        <p className="q-dim">{items.length > 0 ? t('app.unsent.explain') : t('app.unsent.none')}</p>
        <ul className="q-list q-stack">
          {items.map((item) => (
            <li key={item.id} className="q-card ph-item">
              <Thumb blob={item.blob} />
              <div className="q-stack-tight q-grow">
                <span className="q-small q-dim q-num">
                  <Link to={`/app/consult/${item.caseId}`} onClick={onClose}>
                    {item.number}
                  </Link>{' '}
                  · {formatDateTime(item.taken)}
                </span>
                {item.wanted ? (
                  <OnItsWay item={item} />
                ) : (
                  <>
                    <span className="q-strong">{[t(`consult.kind.${item.kind}`), item.title].filter(Boolean).join(' · ')}</span>
                    <div className="q-row">
                      <Button size="compact-sm" variant="default" onClick={() => void unsent.want([item.id])}>
                        {t('consult.photo.send', { count: 1 })}
                      </Button>
                      <DiscardUpload id={item.id} />
                    </div>
                  </>
                )}
              </div>
            </li>
          ))}
        </ul>
      </div>
    </Dialog>
  );
}
