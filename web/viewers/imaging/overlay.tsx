/** Everything written on the image: text blocks, orientation letters, scale bar. Never catches the pointer. */
import type { Frame, Series } from './dicomweb';
import { edgeLetters, scaleBar, spacingOf } from './geometry';
import type { Translate } from './measurements';
import type { StackState } from './stack_view';
import { acquisitionLines, patientLines, studyLines, windowText } from './view_texts';

export interface OverlayProps {
  frame: Frame;
  series: Series;
  state: StackState;
  width_px: number;
  narrow: boolean;
  texts: boolean; // without: letters and scale only, which never go
  t: Translate;
}

function Block({ place, lines }: { place: string; lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <div className={`iv-text iv-text-${place}`}>
      {lines.map((line, index) => (
        <div key={index}>{line}</div>
      ))}
    </div>
  );
}

export function imageNumber(state: StackState, t: Translate): string {
  return t('imaging.text.image', { number: (state.shown ?? state.target) + 1, total: state.total });
}

export function viewLines(state: StackState, t: Translate): string[] {
  return [imageNumber(state, t), windowText(state.window, t), state.zoom === undefined ? undefined : t('imaging.text.zoom', { factor: state.zoom.toFixed(2) })].filter((line): line is string => line !== undefined);
}

export function scaleOf(frame: Frame, state: StackState, width_px: number) {
  const spacing = spacingOf(frame.object, frame.frame);
  const bar = spacing && state.pxPerMm !== undefined ? scaleBar(state.pxPerMm, Math.min(220, width_px * 0.3)) : undefined;
  return { spacing, bar };
}

export function ViewOverlay({ frame, series, state, width_px, narrow, texts, t }: OverlayProps) {
  const edges = edgeLetters(frame.object, frame.frame);
  const { spacing, bar } = scaleOf(frame, state, width_px);
  const study = studyLines(frame.object, series, t);
  const acquisition = acquisitionLines(frame, t);
  return (
    <div className="iv-overlay">
      {texts && (
        <>
          <Block place="top-left" lines={patientLines(frame.object, t)} />
          <Block place="top-right" lines={narrow ? study.slice(-2) : [...study, ...acquisition]} />
          <Block place="bottom-left" lines={narrow ? [...acquisition.slice(0, 2), ...viewLines(state, t)] : viewLines(state, t)} />
        </>
      )}
      {edges ? (
        (['top', 'right', 'bottom', 'left'] as const).map((edge) => (
          <span key={edge} className={`iv-edge iv-edge-${edge}`} data-edge={edge}>
            {edges[edge]}
          </span>
        ))
      ) : (
        <span className="iv-edge iv-edge-none">{t('imaging.text.no_orientation')}</span>
      )}
      <div className="iv-scale">
        {bar && (
          <>
            <span>{spacing?.origin === 'detector' ? `${bar.label} ${t('imaging.measure.at_detector')}` : bar.label}</span>
            <span className="iv-scale-bar" data-mm={bar.mm} style={{ width: `${bar.px}px` }} />
          </>
        )}
        {!spacing && <span>{t('imaging.text.no_scale')}</span>}
      </div>
    </div>
  );
}
