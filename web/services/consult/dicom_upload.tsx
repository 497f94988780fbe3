/** DICOM files or a whole CD folder from this computer, with progress, and a list of what was refused and why. */
import { Button, Progress } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { uploadDicom, type StowProgress } from '../../api/stow';
import { textOr, useText } from '../../app/i18n';
import { ErrorCard } from '../../ui/cards';
import { formatBytes } from '../../ui/format';
import { Icon } from '../../ui/icons';

const kShownFailures = 20;

export function DicomUpload({ onStudies }: { onStudies: (studyUids: string[]) => void }) {
  const t = useText();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const stop = useRef<AbortController>(undefined);
  const last = useRef<File[]>([]);
  const [progress, setProgress] = useState<StowProgress>();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    folder.current?.setAttribute('webkitdirectory', '');
    return () => stop.current?.abort();
  }, []);
  const send = async (chosen: File[]) => {
    if (chosen.length === 0) return;
    last.current = chosen;
    stop.current = new AbortController();
    setBusy(true);
    setError(undefined);
    setProgress(undefined);
    try {
      const done = await uploadDicom(chosen, setProgress, stop.current.signal);
      onStudies(done.studies);
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const percent = progress && progress.totalBytes > 0 ? Math.round((100 * progress.sentBytes) / progress.totalBytes) : 0;
  const take = (event: React.ChangeEvent<HTMLInputElement>) => {
    const chosen = [...(event.currentTarget.files ?? [])];
    event.currentTarget.value = '';
    void send(chosen);
  };
  return (
    <div className="q-stack">
      <p className="q-dim">{t('consult.upload.help')}</p>
      <div className="q-actions">
        <Button variant="default" disabled={busy} leftSection={<Icon name="upload" size={16} />} onClick={() => files.current?.click()}>
          {t('consult.upload.files')}
        </Button>
        <Button variant="default" disabled={busy} leftSection={<Icon name="upload" size={16} />} onClick={() => folder.current?.click()} className="q-desk-only">
          {t('consult.upload.folder')}
        </Button>
        {busy && (
          <Button variant="subtle" onClick={() => stop.current?.abort()}>
            {t('consult.upload.stop')}
          </Button>
        )}
      </div>
      <input ref={files} type="file" multiple hidden aria-label={t('consult.upload.files')} onChange={take} />
      <input ref={folder} type="file" multiple hidden aria-label={t('consult.upload.folder')} onChange={take} />
      {progress && (
        <div className="q-stack-tight" role="status">
          <Progress value={progress.totalBytes === 0 ? 100 : percent} aria-label={t('consult.upload.progress_label')} />
          <span className="q-num">{t('consult.upload.progress', { done: progress.done, files: progress.files, sent: formatBytes(progress.sentBytes), total: formatBytes(progress.totalBytes) })}</span>
          {!busy && error === undefined && <span className="q-ok">{t('consult.upload.finished', { count: progress.files - progress.failures.length })}</span>}
        </div>
      )}
      {progress && progress.failures.length > 0 && (
        <div className="q-note q-note-warning">
          <p className="q-strong">{t('consult.upload.refused', { count: progress.failures.length })}</p>
          <ul>
            {progress.failures.slice(0, kShownFailures).map((failure, index) => (
              <li key={index}>
                {failure.file} — {textOr(`consult.upload.reason.${failure.reason}`, failure.reason)}
              </li>
            ))}
          </ul>
        </div>
      )}
      {error !== undefined && <ErrorCard error={error} onRetry={() => void send(last.current)} />}
    </div>
  );
}
