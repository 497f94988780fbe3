/** Photos, papers and studies of a case: thumbnails, a large view, and what each may be used for. */
import { useState } from 'react';
import { isOfConsent } from '../../api/consent';
import type { Attachment, CaseStudy } from '../../api/flow';
import { textOr, useText } from '../../app/i18n';
import { Dialog } from '../../ui/dialog';
import { clockText, formatBytes, formatDateTime, nameIn } from '../../ui/format';
import { Icon } from '../../ui/icons';

export function AttachmentGrid({ attachments, onRemove }: { attachments: readonly Attachment[]; onRemove?: (n: number) => void }) {
  const t = useText();
  const [open, setOpen] = useState<Attachment>();
  const shown = attachments.filter((one) => !isOfConsent(one.kind) && one.kind !== 'key_image');
  if (shown.length === 0) return <p className="q-dim">{t('consult.material.no_photos')}</p>;
  return (
    <>
      <ul className="q-list a-grid">
        {shown.map((one) => (
          <li key={one.n} className={`a-item ${one.kind === 'voice' ? 'a-voice' : ''}`}>
            {one.kind === 'voice' ? (
              <audio className="vn-sound" controls preload="none" src={one.url} aria-label={t('consult.voice.hear')} />
            ) : one.content_type.startsWith('image/') ? (
              <button type="button" className="a-thumb" onClick={() => setOpen(one)} aria-label={t('consult.material.enlarge', { title: one.title || textOr(`consult.kind.${one.kind}`, one.kind) })}>
                <img src={one.url} alt="" loading="lazy" />
              </button>
            ) : (
              <a className="a-thumb a-file" href={one.url} download>
                <Icon name="file" size={30} />
                {textOr(`consult.paper.${one.content_type}`, '')}
                <span className="q-visually-hidden">{t('consult.material.download', { title: one.title || textOr(`consult.kind.${one.kind}`, one.kind) })}</span>
              </a>
            )}
            <div className="q-small">
              <span className="q-strong">{textOr(`consult.kind.${one.kind}`, one.kind)}</span> {one.seconds ? clockText(one.seconds) : one.title}
              {one.kind === 'voice' && <div className="q-dim">{[nameIn(one.added_by), formatDateTime(one.taken ?? one.added)].filter(Boolean).join(' · ')}</div>}
              {one.warning && <div className="q-critical">{textOr(`consult.warning.${one.warning}`, one.warning)}</div>}
              {onRemove && (
                <button type="button" className="a-remove" onClick={() => onRemove(one.n)}>
                  {t('consult.material.remove')}
                </button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {open && (
        <Dialog wide onClose={() => setOpen(undefined)} title={[textOr(`consult.kind.${open.kind}`, open.kind), open.title].filter(Boolean).join(' · ')}>
          <div className="q-stack">
            {open.warning && <div className="q-note q-note-critical">{textOr(`consult.warning.${open.warning}`, open.warning)}</div>}
            <img className="a-large" src={open.url} alt={[textOr(`consult.kind.${open.kind}`, open.kind), open.title].filter(Boolean).join(' ')} />
            <p className="q-small q-dim">
              {[textOr(`consult.quality.${open.quality}`, open.quality), open.width && `${open.width} × ${open.height}`, formatBytes(open.size_bytes), nameIn(open.added_by), formatDateTime(open.taken ?? open.added)].filter(Boolean).join(' · ')}
            </p>
          </div>
        </Dialog>
      )}
    </>
  );
}

export function StudyList({ studies, action }: { studies: readonly CaseStudy[]; action?: (study: CaseStudy) => React.ReactNode }) {
  const t = useText();
  if (studies.length === 0) return <p className="q-dim">{t('consult.material.no_studies')}</p>;
  return (
    <ul className="q-list q-stack">
      {studies.map((study) => (
        <li key={study.study_uid} className="q-stack-tight">
          <div className="q-between">
            <span>
              <span className="q-chip q-chip-info">{study.modality}</span> <span className="q-strong">{study.description || t('consult.material.no_description')}</span>{' '}
              <span className="q-small q-dim q-num">
                {formatDateTime(study.started)} · {t('consult.material.images', { count: study.instances })}
              </span>
            </span>
            {action?.(study)}
          </div>
          {study.note && <p className="q-small q-warning">{study.note === 'demo: side not verified' ? t('app.demo.side_not_verified') : study.note}</p>}
          <IdentityLine study={study} />
        </li>
      ))}
    </ul>
  );
}

function IdentityLine({ study }: { study: CaseStudy }) {
  const t = useText();
  if (study.identity.differences.length > 0) {
    return (
      <p className="q-note q-note-critical q-strong">
        <Icon name="alert" size={16} /> {t('consult.identity.differs', { list: study.identity.differences.map((one) => textOr(`consult.identity.${one}`, one)).join(t('app.comma')) })}
        {study.confirmed ? ` ${t('consult.identity.confirmed_by', { name: nameIn(study.confirmed.by), time: formatDateTime(study.confirmed.at) })}` : ''}
      </p>
    );
  }
  if (study.confirmed) return <p className="q-small q-ok">{t('consult.identity.confirmed_by', { name: nameIn(study.confirmed.by), time: formatDateTime(study.confirmed.at) })}</p>;
  return <p className="q-small q-dim">{study.attached_by === 'system' ? t('consult.identity.by_system') : t('consult.identity.unconfirmed')}</p>;
}
