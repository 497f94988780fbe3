/** Everything of this person that lies on this device and not yet on the server: go on, or discard it. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { nameOf } from '../api/fhir';
import { outbox, useOutbox, type OutboxItem } from '../api/outbox';
import { unsent, useUnsent } from '../api/unsent';
import { DiscardText, DiscardUpload } from '../services/consult/discard';
import { OnItsWay, Thumb } from '../services/consult/on_its_way';
import { errorText } from '../ui/cards';
import { Dialog } from '../ui/dialog';
import { formatDateTime } from '../ui/format';
import { useText } from './i18n';

export default function UnsentDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  const texts = useOutbox();
  const items = useUnsent().filter((one) => one.attachment === undefined);
  return (
    <Dialog onClose={onClose} title={t('app.unsent.title')}>
      <div className="q-stack">
        <p className="q-dim">{items.length + texts.length > 0 ? t('app.unsent.explain') : t('app.unsent.none')}</p>
        <ul className="q-list q-stack">
          {texts.map((item) => (
            <li key={item.name} className="q-card">
              <TextItem item={item} onClose={onClose} />
            </li>
          ))}
          {items.map((item) => (
            <li key={item.id} className="q-card ph-item">
              <Thumb blob={item.blob} />
              <div className="q-stack-tight q-grow">
                <span className="q-small q-dim q-num">
                  <CaseLink id={item.caseId} onClose={onClose}>
                    {item.number}
                  </CaseLink>{' '}
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

/** A request that was begun without a line has a page of its own until it has a case. */
function CaseLink({ id, children, onClose }: { id: string; children: ReactNode; onClose: () => void }) {
  const to = id.startsWith('new.') ? `/app/consult/new/${id.slice(4)}` : `/app/consult/${id}`;
  return (
    <Link to={to} onClick={onClose}>
      {children}
    </Link>
  );
}

/** Where it is gone on with, and what it is. */
function placeOfItem({ kind, id, draft }: OutboxItem): string {
  if (kind === 'patient') return `/app/patients/new/${id}`;
  return kind === 'new' ? `/app/consult/new/${id}` : `/app/consult/${id}/${draft === 'request' ? 'request' : 'workspace'}`;
}

function useItemText(): (item: OutboxItem) => string {
  const t = useText();
  return (item) => {
    if (item.kind === 'patient') return t('app.unsent.patient', { name: nameOf(item.patient?.patient.name) });
    return item.kind === 'new' ? t('app.unsent.new', { name: item.request?.patientName ?? '' }) : t(`app.unsent.draft.${item.draft}`);
  };
}

function TextItem({ item, onClose }: { item: OutboxItem; onClose: () => void }) {
  const t = useText();
  const text = useItemText();
  const begun = item.request?.begun ?? item.patient?.begun;
  // A request holds on to its patient: it is discarded first.
  const mayDiscard = item.kind !== 'patient' || outbox.waitingFor(item.id).length === 0;
  return (
    <div className="q-stack-tight">
      <span className="q-strong">{text(item)}</span>
      {begun && <span className="q-small q-dim q-num">{formatDateTime(begun)}</span>}
      {item.conflict && <span className="q-warning">{t('app.unsent.conflict')}</span>}
      {item.error !== undefined && <span className="q-critical">{errorText(item.error)}</span>}
      <div className="q-row">
        <Button component={Link} to={placeOfItem(item)} size="compact-sm" variant="default" onClick={onClose}>
          {item.conflict ? t('app.unsent.compare') : t('app.unsent.open')}
        </Button>
        {item.error !== undefined && (
          <Button size="compact-sm" variant="default" onClick={() => outbox.run(true)}>
            {t('consult.photo.again')}
          </Button>
        )}
        {mayDiscard && <DiscardText name={item.name} />}
      </div>
    </div>
  );
}
