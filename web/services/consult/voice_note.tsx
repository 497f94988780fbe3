/**
 * A spoken note of at most a minute: recorded with a level meter, heard again before it is kept, sent like a photo over a line
 * that may break. Browsers without a recorder for Opus say so instead.
 */
import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { ApiError, newId } from '../../api/http';
import { unsent } from '../../api/unsent';
import { useTabWork } from '../../app/tab_work';
import { useText } from '../../app/i18n';
import { errorText } from '../../ui/cards';
import { clockText } from '../../ui/format';
import { Icon } from '../../ui/icons';

export const kLongestVoiceS = 60;
const kTypes = ['audio/webm;codecs=opus', 'audio/ogg;codecs=opus'];
const kBitsPerSecond = 32_000;

const recorderType = (): string | undefined => (typeof MediaRecorder === 'undefined' || !navigator.mediaDevices ? undefined : kTypes.find((type) => MediaRecorder.isTypeSupported(type)));

interface Recording {
  recorder: MediaRecorder;
  level: () => number;
  end: () => void;
}

async function listen(type: string): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true } }).catch((cause: unknown) => {
    throw new ApiError(0, 'client.no_microphone', String(cause));
  });
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Uint8Array(analyser.fftSize);
  return {
    recorder: new MediaRecorder(stream, { mimeType: type, audioBitsPerSecond: kBitsPerSecond }),
    level: () => {
      analyser.getByteTimeDomainData(samples);
      return Math.min(1, samples.reduce((most, one) => Math.max(most, Math.abs(one - 128)), 0) / 100);
    },
    end: () => {
      stream.getTracks().forEach((track) => track.stop());
      void context.close();
    },
  };
}

export default function VoiceNote({ caseId, number }: { caseId: string; number: string }) {
  const t = useText();
  const work = useTabWork();
  const [state, setState] = useState<'idle' | 'recording' | 'made'>('idle');
  const [level, setLevel] = useState(0);
  const [seconds, setSeconds] = useState(0);
  const [note, setNote] = useState<{ blob: Blob; url: string }>();
  const [error, setError] = useState<unknown>();
  const running = useRef<Recording>(undefined);
  const piece = `voice:${caseId}`;
  useEffect(() => {
    if (state === 'idle') work.end(piece);
    else work.begin(piece);
  }, [state, piece]);
  // Leaving the page ends the recording and the microphone.
  useEffect(() => () => (running.current?.recorder.state === 'recording' && running.current.recorder.stop(), running.current?.end()), []);
  useEffect(() => () => URL.revokeObjectURL(note?.url ?? ''), [note]);
  const type = recorderType();
  if (type === undefined) return <p className="q-small q-dim">{t('consult.voice.not_here')}</p>;
  const stop = () => {
    if (running.current?.recorder.state === 'recording') running.current.recorder.stop();
  };
  const start = async () => {
    setError(undefined);
    setNote(undefined);
    try {
      const recording = await listen(type);
      running.current = recording;
      const pieces: Blob[] = [];
      const began = performance.now();
      const timer = setInterval(() => {
        const passed = (performance.now() - began) / 1000;
        setLevel(recording.level());
        setSeconds(Math.min(kLongestVoiceS, passed));
        if (passed >= kLongestVoiceS) stop();
      }, 100);
      recording.recorder.addEventListener('dataavailable', (event) => pieces.push(event.data));
      recording.recorder.addEventListener('stop', () => {
        clearInterval(timer);
        recording.end();
        const blob = new Blob(pieces, { type: type.split(';')[0] ?? type });
        setNote({ blob, url: URL.createObjectURL(blob) });
        setState('made');
      });
      recording.recorder.start(1000);
      setSeconds(0);
      setState('recording');
    } catch (cause) {
      setError(cause);
    }
  };
  const keep = async () => {
    if (!note) return;
    await unsent.add({ id: newId(), caseId, number, kind: 'voice', title: '', taken: new Date().toISOString(), contentType: note.blob.type, blob: note.blob, wanted: true });
    setNote(undefined);
    setState('idle');
  };
  return (
    <div className="q-stack-tight" data-voice={state}>
      {state === 'idle' && (
        <>
          <div className="q-actions">
            <Button variant="default" leftSection={<Icon name="mic" size={16} />} onClick={() => void start()}>
              {t('consult.voice.record')}
            </Button>
          </div>
          <p className="q-small q-dim">{t('consult.voice.help')}</p>
        </>
      )}
      {state === 'recording' && (
        <div className="q-note q-stack-tight" role="group" aria-label={t('consult.voice.recording')}>
          <span className="q-row">
            <span className="q-strong q-critical">● {t('consult.voice.recording')}</span>
            <span className="q-num">
              {clockText(seconds)} / {clockText(kLongestVoiceS)}
            </span>
          </span>
          <meter className="vn-level" min={0} max={1} low={0.05} value={level} aria-label={t('consult.voice.level')} />
          <div className="q-actions">
            <Button leftSection={<Icon name="stop" size={16} />} onClick={stop}>
              {t('consult.voice.stop')}
            </Button>
          </div>
        </div>
      )}
      {state === 'made' && note && (
        <div className="q-note q-stack-tight">
          <span className="q-strong">{t('consult.voice.made', { length: clockText(seconds) })}</span>
          <audio className="vn-sound" controls src={note.url} aria-label={t('consult.voice.hear')} />
          <div className="q-actions">
            <Button leftSection={<Icon name="upload" size={16} />} onClick={() => void keep()}>
              {t('consult.voice.send')}
            </Button>
            <Button variant="default" onClick={() => void start()}>
              {t('consult.voice.again')}
            </Button>
            <Button variant="subtle" onClick={() => (setNote(undefined), setState('idle'))}>
              {t('app.unsent.discard')}
            </Button>
          </div>
        </div>
      )}
      {error !== undefined && (
        <p className="q-critical" role="alert">
          {errorText(error)}
        </p>
      )}
    </div>
  );
}
