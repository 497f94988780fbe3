/** Taking or choosing photos, saying what each one is, and sending them over a line that may break. */
import { Button, NativeSelect, Progress, TextInput } from '@mantine/core';
import { lazy, Suspense, useEffect, useState, useRef, type ChangeEvent } from 'react';
import type { CaseView } from '../../api/flow';
import { newId } from '../../api/http';
import { unsent, useUnsent, type Unsent } from '../../api/unsent';
import { useTabWork } from '../../app/tab_work';
import { useText } from '../../app/i18n';
import { errorText } from '../../ui/cards';
import { formatTime } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { readyPhoto } from './photo';

/** Seldom needed, and not a page's weight. */
const DiscardUpload = lazy(async () => ({ default: (await import('./discard')).DiscardUpload }));

export const kPhotoKinds = ['photo', 'film', 'ecg', 'lab', 'document'] as const;
export const kMostPhotos = 10;

const isPhotoKind = (kind: string): boolean => (kPhotoKinds as readonly string[]).includes(kind);

/** How many of the photos that a case may have it has. */
export function countedPhotos(view: CaseView): number {
  return (view.items?.attachments ?? []).filter((one) => isPhotoKind(one.kind) && one.kind !== 'document').length;
}

/** Photos of a case that the server does not have yet. */
export function useUnsentPhotos(caseId: string): readonly Unsent[] {
  return useUnsent(caseId).filter((one) => isPhotoKind(one.kind));
}

interface Refused {
  id: string;
  name: string;
  error: unknown;
}

export function PhotoCapture({ caseId, number, already }: { caseId: string; number: string; already: number }) {
  const t = useText();
  const work = useTabWork();
  const items = useUnsentPhotos(caseId);
  const [preparing, setPreparing] = useState(0);
  const [refused, setRefused] = useState<readonly Refused[]>([]);
  const piece = `photos:${caseId}`;
  useEffect(() => {
    if (items.length > 0) work.begin(piece);
    else work.end(piece);
  }, [items.length > 0, piece]);
  const room = Math.max(0, kMostPhotos - already - items.length - preparing);
  const add = async (event: ChangeEvent<HTMLInputElement>) => {
    const files = [...(event.currentTarget.files ?? [])].slice(0, room);
    event.currentTarget.value = '';
    setPreparing((before) => before + files.length);
    for (const file of files) {
      try {
        const { blob } = await readyPhoto(file);
        const taken = new Date(file.lastModified || Date.now()).toISOString();
        await unsent.add({ id: newId(), caseId, number, kind: 'photo', title: '', taken, contentType: blob.type, blob, wanted: false });
      } catch (error) {
        setRefused((before) => [...before, { id: newId(), name: file.name, error }]);
      }
      setPreparing((before) => before - 1);
    }
  };
  const waiting = items.filter((one) => !one.wanted);
  return (
    <div className="q-stack">
      <div className="q-actions">
        <Picker label={t('consult.photo.take')} icon="camera" capture disabled={room === 0} onChange={(event) => void add(event)} />
        <Picker label={t('consult.photo.choose')} icon="image" disabled={room === 0} onChange={(event) => void add(event)} />
      </div>
      <p className="q-small q-dim">{t('consult.photo.help', { count: room, most: kMostPhotos })}</p>
      {preparing > 0 && <p role="status">{t('consult.photo.preparing', { count: preparing })}</p>}
      {refused.map((one) => (
        <div key={one.id} className="q-note q-note-critical q-between" role="alert">
          <span>
            <span className="q-strong">{one.name}</span>: {errorText(one.error)}
          </span>
          <Button size="compact-sm" variant="default" onClick={() => setRefused((before) => before.filter((other) => other.id !== one.id))}>
            {t('app.dismiss')}
          </Button>
        </div>
      ))}
      {items.length > 0 && (
        <section className="q-stack" aria-label={t('consult.photo.unsent', { count: items.length })}>
          <p className="q-warning q-strong">
            <Icon name="alert" size={16} /> {t('consult.photo.unsent', { count: items.length })}
          </p>
          <ul className="q-list q-stack">
            {items.map((one) => (
              <li key={one.id} className="q-card ph-item">
                <Thumb blob={one.blob} />
                <div className="q-stack-tight q-grow">{one.wanted ? <OnItsWay item={one} /> : <Staged item={one} />}</div>
              </li>
            ))}
          </ul>
        </section>
      )}
      {waiting.length > 0 && (
        <Button onClick={() => void unsent.want(waiting.map((one) => one.id))} leftSection={<Icon name="upload" size={16} />}>
          {t('consult.photo.send', { count: waiting.length })}
        </Button>
      )}
    </div>
  );
}

export function Thumb({ blob }: { blob: Blob }) {
  const t = useText();
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url ? <img className="ph-thumb" src={url} alt={t('consult.photo.preview')} /> : <div className="ph-thumb" />;
}

function Staged({ item }: { item: Unsent }) {
  const t = useText();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const turn = async () => {
    setBusy(true);
    try {
      const { blob } = await readyPhoto(item.blob, 1);
      await unsent.change(item.id, { blob });
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <NativeSelect label={t('consult.photo.kind')} value={item.kind} onChange={(event) => void unsent.change(item.id, { kind: event.currentTarget.value })} data={kPhotoKinds.map((kind) => ({ value: kind, label: t(`consult.kind.${kind}`) }))} />
      {item.kind === 'film' && <p className="q-small q-critical">{t('consult.warning.photo_no_measuring')}</p>}
      <TextInput label={t('consult.photo.title')} maxLength={60} defaultValue={item.title} onBlur={(event) => void unsent.change(item.id, { title: event.currentTarget.value.trim() })} />
      {error !== undefined && (
        <p className="q-critical" role="alert">
          {errorText(error)}
        </p>
      )}
      {!item.kept && <p className="q-small q-warning">{t('app.unsent.not_kept')}</p>}
      <div className="q-row">
        <Button size="compact-sm" variant="default" loading={busy} onClick={() => void turn()}>
          {t('consult.photo.turn')}
        </Button>
        <Suspense fallback={null}>
          <DiscardUpload id={item.id} />
        </Suspense>
      </div>
    </>
  );
}

/** Asked once more: after it the picture is nowhere. */
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

function Picker({ label, icon, capture = false, disabled, onChange }: { label: string; icon: 'camera' | 'image'; capture?: boolean; disabled: boolean; onChange: (event: ChangeEvent<HTMLInputElement>) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button variant="default" disabled={disabled} leftSection={<Icon name={icon} size={16} />} onClick={() => input.current?.click()}>
        {label}
      </Button>
      <input ref={input} type="file" hidden aria-label={label} accept="image/jpeg,image/png,image/webp,image/heic,image/*" multiple={!capture} {...(capture ? { capture: 'environment' as const } : {})} onChange={onChange} />
    </>
  );
}
