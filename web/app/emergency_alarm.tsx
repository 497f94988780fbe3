/** An emergency fills the screen and sounds until somebody looks: the call of the duty expert. */
import { Button } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useNavigate } from 'react-router';
import { dismissNotice, useNotices } from '../api/events';
import { formatTime } from '../ui/format';
import { Icon } from '../ui/icons';
import { useText } from './i18n';

const kToneMs = 900;

/** Two tones in turn; a browser that allows no sound stays silent, the page is seen all the same. */
function useAlarm(sounds: boolean): void {
  useEffect(() => {
    if (!sounds || typeof AudioContext === 'undefined') return undefined;
    const context = new AudioContext();
    let high = false;
    const beep = () => {
      if (context.state !== 'running') return;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = high ? 880 : 660;
      volume.gain.value = 0.2;
      tone.connect(volume).connect(context.destination);
      tone.start();
      tone.stop(context.currentTime + kToneMs / 2000);
      high = !high;
    };
    const timer = setInterval(beep, kToneMs);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [sounds]);
}

export function EmergencyAlarm() {
  const t = useText();
  const navigate = useNavigate();
  const calls = useNotices().filter((notice) => notice.code === 'flow.emergency_call');
  const call = calls[0];
  const element = useRef<HTMLDialogElement>(null);
  useAlarm(call !== undefined);
  useEffect(() => {
    if (call && !element.current?.open) element.current?.showModal();
  }, [call]);
  if (!call) return null;
  return (
    <dialog ref={element} className="s-alarm" role="alertdialog" aria-labelledby="alarm-title" aria-describedby="alarm-text" onCancel={(event) => event.preventDefault()}>
      <div className="s-alarm-box q-stack">
        <h2 id="alarm-title">
          <Icon name="bell" size={28} /> {t('app.alarm.title')}
        </h2>
        <p id="alarm-text">{t('app.alarm.text', { time: formatTime(call.at) })}</p>
        {calls.length > 1 && <p>{t('app.alarm.more', { count: calls.length - 1 })}</p>}
        <div className="q-actions">
          <Button
            autoFocus
            size="lg"
            color="red.9"
            onClick={() => {
              dismissNotice(call.id);
              void navigate(`/app/consult/${call.case}`);
            }}
          >
            {t('app.alarm.open')}
          </Button>
          <Button size="lg" variant="default" onClick={() => dismissNotice(call.id)}>
            {t('app.alarm.silence')}
          </Button>
        </div>
      </div>
    </dialog>
  );
}
