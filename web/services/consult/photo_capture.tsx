/** Taking or choosing photos, saying what each one is, and sending them over a line that may break. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { lazy, Suspense, useEffect, useState, useRef, type ChangeEvent } from 'react';
import type { CaseView } from '../../api/flow';
import { ApiError, newId } from '../../api/http';
import { unsent, useUnsent, type Unsent } from '../../api/unsent';
import { useTabWork } from '../../app/tab_work';
import { useText } from '../../app/i18n';
import { errorText } from '../../ui/cards';
import { Icon } from '../../ui/icons';
import { OnItsWay, Thumb } from './on_its_way';
import { readyPhoto } from './photo';

const VoiceNote = lazy(() => import('./voice_note'));

/** Seldom needed, and not a page's weight. */
const DiscardUpload = lazy(async () => ({ default: (await import('./discard')).DiscardUpload }));

export const kPhotoKinds = ['photo', 'film', 'ecg', 'lab', 'document'] as const;
export const kMostPhotos = 10;

const isPhotoKind = (kind: string): boolean => (kPhotoKinds as readonly string[]).includes(kind);
/** Papers that are sent as they are and only ever downloaded. */
const kPapers: Record<string, string> = {
  '.pdf': 'application/pdf',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.pptx': 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  '.doc': 'application/msword',
  '.xls': 'application/vnd.ms-excel',
  '.ppt': 'application/vnd.ms-powerpoint',
};
const kMostBytes = 20 * 1024 * 1024;

/** How many of the photos that a case may have it has. */
export function countedPhotos(view: CaseView): number {
  return (view.items?.attachments ?? []).filter((one) => isPhotoKind(one.kind) && one.kind !== 'document').length;
}

/** Photos of a case that the server does not have yet. */
export function useUnsentPhotos(caseId: string): readonly Unsent[] {
  return useUnsent(caseId).filter((one) => isPhotoKind(one.kind) || one.kind === 'voice');
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
  const addPapers = async (event: ChangeEvent<HTMLInputElement>) => {
    const files = [...(event.currentTarget.files ?? [])];
    event.currentTarget.value = '';
    for (const file of files) {
      // The browser's own word for the type may be missing: the name says what it should be, the server looks at the bytes.
      const contentType = kPapers[/\.[a-z]+$/.exec(file.name.toLowerCase())?.[0] ?? ''];
      const error = contentType === undefined ? new ApiError(422, 'flow.bad_document', file.name) : file.size > kMostBytes ? new ApiError(413, 'flow.too_large', file.name) : undefined;
      if (error || contentType === undefined) setRefused((before) => [...before, { id: newId(), name: file.name, error }]);
      else await unsent.add({ id: newId(), caseId, number, kind: 'document', title: file.name.slice(0, 60), taken: new Date(file.lastModified || Date.now()).toISOString(), contentType, blob: file, wanted: false });
    }
  };
  const waiting = items.filter((one) => !one.wanted);
  return (
    <div className="q-stack">
      <div className="q-actions">
        <Picker label={t('consult.photo.take')} icon="camera" capture disabled={room === 0} onChange={(event) => void add(event)} />
        <Picker label={t('consult.photo.choose')} icon="image" disabled={room === 0} onChange={(event) => void add(event)} />
        <Picker label={t('consult.photo.paper')} icon="file" accept={Object.keys(kPapers).join(',')} disabled={false} onChange={(event) => void addPapers(event)} />
      </div>
      <p className="q-small q-dim">{t('consult.photo.help', { count: room, most: kMostPhotos })}</p>
      <Suspense fallback={null}>
        <VoiceNote caseId={caseId} number={number} />
      </Suspense>
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

function Staged({ item }: { item: Unsent }) {
  const t = useText();
  const isPicture = item.blob.type.startsWith('image/');
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
      {!isPicture && <span className="q-strong">{t('consult.kind.document')}</span>}
      {isPicture && <NativeSelect label={t('consult.photo.kind')} value={item.kind} onChange={(event) => void unsent.change(item.id, { kind: event.currentTarget.value })} data={kPhotoKinds.map((kind) => ({ value: kind, label: t(`consult.kind.${kind}`) }))} />}
      {item.kind === 'film' && <p className="q-small q-critical">{t('consult.warning.photo_no_measuring')}</p>}
      <TextInput label={t('consult.photo.title')} maxLength={60} defaultValue={item.title} onBlur={(event) => void unsent.change(item.id, { title: event.currentTarget.value.trim() })} />
      {error !== undefined && (
        <p className="q-critical" role="alert">
          {errorText(error)}
        </p>
      )}
      {!item.kept && <p className="q-small q-warning">{t('app.unsent.not_kept')}</p>}
      <div className="q-row">
        {isPicture && (
          <Button size="compact-sm" variant="default" loading={busy} onClick={() => void turn()}>
            {t('consult.photo.turn')}
          </Button>
        )}
        <Suspense fallback={null}>
          <DiscardUpload id={item.id} />
        </Suspense>
      </div>
    </>
  );
}

function Picker({ label, icon, capture = false, accept = 'image/jpeg,image/png,image/webp,image/heic,image/*', disabled, onChange }: { label: string; icon: 'camera' | 'image' | 'file'; capture?: boolean; accept?: string; disabled: boolean; onChange: (event: ChangeEvent<HTMLInputElement>) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button variant="default" disabled={disabled} leftSection={<Icon name={icon} size={16} />} onClick={() => input.current?.click()}>
        {label}
      </Button>
      <input ref={input} type="file" hidden aria-label={label} accept={accept} multiple={!capture} {...(capture ? { capture: 'environment' as const } : {})} onChange={onChange} />
    </>
  );
}
