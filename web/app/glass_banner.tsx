/** Broken glass over every page of the patient: until when, and the way to end it. When the time is over nothing of it stays on the screen. */
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useNavigate } from 'react-router';
import { forgetAll, useQuery } from '../api/cache';
import { endGlass, readOpenGlass, type OpenGlass } from '../api/sensitive';
import { textOr, useText } from './i18n';
import { mayBreakGlass } from './roles';
import { useSession } from './session';
import { errorText } from '../ui/cards';
import { useNow } from '../ui/case_bits';
import { Icon } from '../ui/icons';

export function GlassBanner({ patient }: { patient: string }) {
  const session = useSession();
  const open = useQuery(mayBreakGlass(session) ? 'glass' : undefined, readOpenGlass);
  const glass = open.data?.find((one) => one.patient === patient);
  return glass ? <Banner glass={glass} /> : null;
}

const minutesAndSeconds = (ms: number) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1000) % 60).padStart(2, '0')}`;

function Banner({ glass }: { glass: OpenGlass }) {
  const t = useText();
  const navigate = useNavigate();
  const now = useNow(1000);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>();
  const leftMs = Math.max(0, Date.parse(glass.until) - now);
  const over = leftMs === 0;
  const leave = () => {
    forgetAll();
    void navigate('/app/access/break-glass?ended', { replace: true });
  };
  useEffect(() => {
    if (over) leave();
  }, [over]);
  const end = () => {
    setBusy(true);
    endGlass(glass.id).then(leave, (error: unknown) => {
      setBusy(false);
      setFailed(error);
    });
  };
  const beaten = glass.beatLabels.map((code) => textOr(`sensitive.label.${code}`, code)).join(', ');
  return (
    <div className="s-glass" role="alert">
      <span className="s-glass-text">
        <Icon name="alert" size={18} />
        <span>
          <strong>{t('sensitive.glass.open')}</strong> {t('sensitive.glass.told')}
          {beaten !== '' && ` ${t('sensitive.glass.beats_labels', { labels: beaten })}`}
          {glass.beatDenial && ` ${t('sensitive.glass.beats_denial')}`}
          {failed !== undefined && ` ${errorText(failed)}`}
        </span>
      </span>
      <span className="s-glass-end">
        <span className="q-num" aria-live="off">
          {t('sensitive.glass.left', { time: minutesAndSeconds(leftMs) })}
        </span>
        <Button size="compact-md" color="dark" loading={busy} onClick={end}>
          {t('sensitive.glass.end')}
        </Button>
      </span>
    </div>
  );
}
