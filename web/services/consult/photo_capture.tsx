/** Taking or choosing photos, saying what each one is, and sending them over a line that may break. */
import { Button, Loader, NativeSelect, Progress, TextInput } from '@mantine/core';
import { useEffect, useRef, useState, type ChangeEvent } from 'react';
import { newId } from '../../api/http';
import { sha256Hex, uploadToCase, type UploadProgress } from '../../api/uploads';
import { useText } from '../../app/i18n';
import { errorText } from '../../ui/cards';
import { formatTime } from '../../ui/format';
import { Icon } from '../../ui/icons';
import { refreshCase } from '../cases/case_query';
import { readyPhoto, type ReadyPhoto } from './photo';

export const kPhotoKinds = ['photo', 'film', 'ecg', 'lab', 'document'] as const;
export const kMostPhotos = 10;

interface Staged {
  id: string;
  file: File;
  kind: string;
  title: string;
  quarters: number;
  taken: string;
  ready?: ReadyPhoto;
  url?: string;
  progress?: UploadProgress;
  error?: unknown;
}

export function PhotoCapture({ caseId, already }: { caseId: string; already: number }) {
  const t = useText();
  const [staged, setStaged] = useState<Staged[]>([]);
  const urls = useRef(new Set<string>());
  const stop = useRef(new AbortController());
  useEffect(() => {
    // A component may be mounted anew after its clean-up ran; an aborted controller must not stay.
    if (stop.current.signal.aborted) stop.current = new AbortController();
    const held = urls.current;
    return () => {
      stop.current.abort();
      for (const url of held) URL.revokeObjectURL(url);
    };
  }, []);
  const change = (id: string, part: Partial<Staged>) => setStaged((before) => before.map((one) => (one.id === id ? { ...one, ...part } : one)));
  const prepare = async (one: Staged, quarters: number) => {
    try {
      const ready = await readyPhoto(one.file, quarters);
      const url = URL.createObjectURL(ready.blob);
      urls.current.add(url);
      change(one.id, { ready, url, quarters, error: undefined });
    } catch (error) {
      change(one.id, { error });
    }
  };
  const room = kMostPhotos - already - staged.length;
  const add = (event: ChangeEvent<HTMLInputElement>) => {
    const files = [...(event.currentTarget.files ?? [])].slice(0, Math.max(0, room));
    event.currentTarget.value = '';
    const fresh: Staged[] = files.map((file) => ({ id: newId(), file, kind: 'photo', title: '', quarters: 0, taken: new Date(Math.min(file.lastModified, Date.now())).toISOString() }));
    setStaged((before) => [...before, ...fresh]);
    for (const one of fresh) void prepare(one, 0);
  };
  const send = async (one: Staged) => {
    if (!one.ready) return;
    change(one.id, { error: undefined, progress: { sent: 0, total: one.ready.blob.size } });
    try {
      const sha256 = await sha256Hex(one.ready.blob);
      await uploadToCase(
        caseId,
        one.ready.blob,
        { upload_id: one.id, kind: one.kind, size_bytes: one.ready.blob.size, content_type: 'image/jpeg', ...(sha256 ? { sha256 } : {}), title: one.title.trim(), taken: one.taken, film: one.kind === 'film' },
        (progress) => change(one.id, { progress }),
        stop.current.signal,
      );
      setStaged((before) => before.filter((other) => other.id !== one.id));
      refreshCase(caseId);
    } catch (error) {
      if (!stop.current.signal.aborted) setStaged((before) => before.map((other) => (other.id === one.id ? { ...other, error, progress: undefined } as Staged : other)));
    }
  };
  const sendAll = async () => {
    // One after the other: on a thin line the first is whole sooner, and each one counts.
    for (const one of staged) if (one.ready && !one.progress) await send(one);
  };
  const waiting = staged.filter((one) => one.ready && !one.progress);
  return (
    <div className="q-stack">
      <div className="q-actions">
        <Picker label={t('consult.photo.take')} icon="camera" capture disabled={room <= 0} onChange={add} />
        <Picker label={t('consult.photo.choose')} icon="image" disabled={room <= 0} onChange={add} />
      </div>
      <p className="q-small q-dim">{t('consult.photo.help', { count: Math.max(0, room), most: kMostPhotos })}</p>
      <ul className="q-list q-stack">
        {staged.map((one) => (
          <li key={one.id} className="q-card ph-item">
            {one.url ? <img className="ph-thumb" src={one.url} alt={t('consult.photo.preview')} /> : <div className="ph-thumb ph-empty">{one.error === undefined && <Loader size="sm" />}</div>}
            <div className="q-stack-tight q-grow">
              {one.progress ? (
                <UploadState progress={one.progress} title={one.title || t(`consult.kind.${one.kind}`)} />
              ) : (
                <>
                  <NativeSelect label={t('consult.photo.kind')} value={one.kind} onChange={(event) => change(one.id, { kind: event.currentTarget.value })} data={kPhotoKinds.map((kind) => ({ value: kind, label: t(`consult.kind.${kind}`) }))} />
                  {one.kind === 'film' && <p className="q-small q-critical">{t('consult.warning.photo_no_measuring')}</p>}
                  <TextInput label={t('consult.photo.title')} maxLength={120} value={one.title} onChange={(event) => change(one.id, { title: event.currentTarget.value })} />
                  {one.error !== undefined && (
                    <p className="q-critical" role="alert">
                      {errorText(one.error)}
                    </p>
                  )}
                  <div className="q-row">
                    <Button size="compact-sm" variant="default" disabled={!one.ready} onClick={() => void prepare(one, (one.quarters + 1) % 4)}>
                      {t('consult.photo.turn')}
                    </Button>
                    <Button size="compact-sm" variant="subtle" onClick={() => setStaged((before) => before.filter((other) => other.id !== one.id))}>
                      {t('consult.material.remove')}
                    </Button>
                  </div>
                </>
              )}
            </div>
          </li>
        ))}
      </ul>
      {waiting.length > 0 && (
        <Button onClick={() => void sendAll()} leftSection={<Icon name="upload" size={16} />}>
          {t('consult.photo.send', { count: waiting.length })}
        </Button>
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

function UploadState({ progress, title }: { progress: UploadProgress; title: string }) {
  const t = useText();
  const percent = progress.total > 0 ? Math.round((100 * progress.sent) / progress.total) : 0;
  return (
    <div className="q-stack-tight" role="status">
      <span className="q-strong">{title}</span>
      <Progress value={percent} aria-label={t('consult.photo.progress', { percent })} />
      <span className="q-small q-dim q-num">{progress.retryAt ? t('consult.photo.retry', { time: formatTime(progress.retryAt) }) : t('consult.photo.progress', { percent })}</span>
    </div>
  );
}
