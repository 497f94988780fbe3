/** What stands beside or over the image: series list, measurement list, help, cards for trouble. */
import { useEffect, useRef, useState } from 'react';
import { mayBeDrawn, thumbnailPath, type Series } from './dicomweb';
import { Icon } from './icons';
import { kKeyRows, type KeyRow } from './keys';
import { linesOf, type Measurement, type Translate } from './measurements';

function Thumbnail({ studyUid, series }: { studyUid: string; series: Series }) {
  const [failed, setFailed] = useState(false);
  const document = ['SR', 'KO', 'PR', 'DOC'].includes(series.modality);
  if (failed || document || !mayBeDrawn(series.syntaxes)) {
    return (
      <span className="iv-thumb">
        <Icon name={document ? 'document' : 'image'} />
      </span>
    );
  }
  return <img className="iv-thumb" src={thumbnailPath(studyUid, series.seriesUid)} alt="" loading="lazy" decoding="async" fetchPriority="low" onError={() => setFailed(true)} />;
}

export function SeriesList({ studyUid, all, current, onPick, t }: { studyUid: string; all: Series[]; current: string | undefined; onPick: (seriesUid: string) => void; t: Translate }) {
  return (
    <nav className="iv-series" aria-label={t('imaging.series.label')}>
      {all.map((series) => (
        <button key={series.seriesUid} type="button" className="iv-series-item" aria-current={series.seriesUid === current} onClick={() => onPick(series.seriesUid)}>
          <Thumbnail studyUid={studyUid} series={series} />
          <span className="iv-series-name">
            <b>
              {series.number ?? '–'} {series.modality}
            </b>
            {series.description && <span>{series.description}</span>}
            {series.instances !== undefined && <span>{t('imaging.series.images', { total: series.instances })}</span>}
          </span>
        </button>
      ))}
    </nav>
  );
}

export interface MeasurementListProps {
  all: Measurement[];
  imageLabel: (imageId: string) => string;
  onJump: (measurement: Measurement) => void;
  onRemove: (measurement: Measurement) => void;
  onClose: () => void;
  t: Translate;
}

export function MeasurementList({ all, imageLabel, onJump, onRemove, onClose, t }: MeasurementListProps) {
  return (
    <aside className="iv-measurements" aria-label={t('imaging.action.measurements')}>
      <header>
        <b>{t('imaging.action.measurements')}</b>
        <button type="button" className="iv-button" aria-label={t('imaging.action.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      {all.length === 0 && <p>{t('imaging.measure.none')}</p>}
      <ul>
        {all.map((measurement) => (
          <li key={measurement.id}>
            <button type="button" className="iv-measurement" title={t('imaging.measure.jump')} onClick={() => onJump(measurement)}>
              <Icon name={measurement.kind} />
              <span>
                {linesOf(measurement, t).map((line, index) => (
                  <span key={index} className="iv-measurement-line">
                    {line}
                  </span>
                ))}
                <span className="iv-dim">{imageLabel(measurement.imageId)}</span>
              </span>
            </button>
            <button type="button" className="iv-button" aria-label={t('imaging.measure.remove')} title={t('imaging.measure.remove')} onClick={() => onRemove(measurement)}>
              <Icon name="remove" />
            </button>
          </li>
        ))}
      </ul>
    </aside>
  );
}

const kKeyNames: Record<string, string> = { ArrowDown: '↓', ArrowUp: '↑', ArrowLeft: '←', ArrowRight: '→', PageDown: 'PgDn', PageUp: 'PgUp', Escape: 'Esc', Delete: 'Del' };

function keysText(row: KeyRow): string {
  const names = row.keys.filter((key) => key !== 'Backspace' && key !== '_' && key !== '=').map((key) => kKeyNames[key] ?? key);
  return (row.shift ? 'Shift ' : '') + names.join(' ');
}

export function Help({ onClose, t }: { onClose: () => void; t: Translate }) {
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    close.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <div className="iv-dialog" role="dialog" aria-modal="true" aria-label={t('imaging.action.help')} onKeyDown={(event) => event.key === 'Tab' && event.preventDefault()}>
      <header>
        <b>{t('imaging.action.help')}</b>
        <button ref={close} type="button" className="iv-button" aria-label={t('imaging.action.close')} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <p>{t('imaging.help.pointer')}</p>
      <p>{t('imaging.help.touch')}</p>
      <dl>
        {kKeyRows.map((row) => (
          <div key={keysText(row)}>
            <dt>
              <kbd>{keysText(row)}</kbd>
            </dt>
            <dd>{t(row.help)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** Status −1: the pixels came but could not be read. */
function problemKey(status: number): string {
  if (status === 0) return 'imaging.error.line';
  if (status === 401) return 'imaging.error.signed_out';
  if (status === 403 || status === 404 || status === 410) return 'imaging.error.not_found';
  if (status === 406 || status === 415) return 'imaging.error.syntax';
  if (status === 429 || status === 503) return 'imaging.error.busy';
  return status < 0 ? 'imaging.error.pixels' : 'imaging.error.server';
}

export interface Problem {
  status: number;
  code: string | undefined;
}

export function ProblemCard({ problem, about, onRetry, t }: { problem: Problem; about: string; onRetry: () => void; t: Translate }) {
  const detail = [problem.code, problem.status > 0 ? `HTTP ${problem.status}` : undefined].filter(Boolean).join(' · ');
  return (
    <div className="iv-card" role="alert">
      <b>{about}</b>
      <p>{t(problemKey(problem.status))}</p>
      {detail && <p className="iv-dim">{detail}</p>}
      <button type="button" className="iv-button iv-button-strong" onClick={onRetry}>
        {t('imaging.action.retry')}
      </button>
    </div>
  );
}
