/**
 * The image viewer: one pane on one study of the archive, for consultation viewing. Give it a study UID and a
 * height (it fills its box); it loads over `/dicomweb` with the session's cookie. Cornerstone comes by dynamic
 * import as soon as this module is read, so import it lazily, on image routes only.
 */
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import './imaging.css';
import { mayBeDrawn, renderedPath, type Frame } from './dicomweb';
import { text, texts } from './dicom_json';
import { keyImagePng, describe } from './key_image';
import { commandOf, type Command } from './keys';
import type { Translate } from './measurements';
import { imageNumber, ViewOverlay } from './overlay';
import { Help, MeasurementList, ProblemCard, SeriesList } from './panels';
import { kWindowPresets } from './presets';
import type { StackState, ToolId } from './stack_view';
import { useImagingText } from './texts';
import { Toolbar } from './toolbar';
import { useSeen, type SeenReport } from './use_seen';
import { useStack, type Pane } from './use_stack';
import { useStudy, type StudyData } from './use_study';
import { lossyText } from './view_texts';

export interface KeyImage {
  sopInstanceUid: string;
  frame: number;
  pngDataUrl: string;
  description: string;
}

export interface ImagingViewerProps {
  studyUid: string;
  patientLabel: string;
  language: string;
  onKeyImage?: (keyImage: KeyImage) => void | Promise<void>;
  onImageSeen?: (seen: SeenReport) => void;
  readOnly?: boolean;
  notice?: string;
}

const kNarrow_px = 640;
const kLow_px = 440;
const kPreviewAfter_ms = 350;

/** The server's picture of the image asked for, while its own pixels are still on their way. */
function usePreview(frame: Frame | undefined, state: StackState | undefined): { source: string | undefined; arrived: () => void; failed: () => void; previewed: number | undefined } {
  const [due, setDue] = useState<string>();
  const [arrived, setArrived] = useState<{ source: string; index: number }>();
  const refused = useRef(false);
  const waiting = state !== undefined && frame !== undefined && state.shown !== state.target && state.failed === undefined && mayBeDrawn(texts(frame.object, '00083002'));
  const path = waiting ? renderedPath(frame, state.window) : undefined;
  useEffect(() => {
    setDue(undefined);
    if (path === undefined || refused.current) return undefined;
    const timer = setTimeout(() => setDue(path), kPreviewAfter_ms);
    return () => clearTimeout(timer);
  }, [path]);
  const source = due === path ? due : undefined;
  return {
    source,
    arrived: () => source && state && setArrived({ source, index: state.target }),
    failed: () => {
      refused.current = true;
      setDue(undefined);
    },
    previewed: arrived && arrived.source === source ? arrived.index : undefined,
  };
}

/** The texts of a preview: its own image number, and nothing about a scale that the picture does not carry. */
function ofPreview(state: StackState): StackState {
  return { ...state, shown: state.target, zoom: undefined, pxPerMm: undefined };
}

function useNarrow(): { root: React.RefObject<HTMLElement | null>; narrow: boolean } {
  const root = useRef<HTMLElement>(null);
  const [narrow, setNarrow] = useState(false);
  useEffect(() => {
    if (!root.current) return undefined;
    const observer = new ResizeObserver(([entry]) => entry && setNarrow(entry.contentRect.width < kNarrow_px || entry.contentRect.height < kLow_px));
    observer.observe(root.current);
    return () => observer.disconnect();
  }, []);
  return { root, narrow };
}

function presetOf(state: StackState | undefined): string | undefined {
  const window = state?.window;
  return window && kWindowPresets.find((preset) => Math.abs(preset.center - window.center) < 0.5 && Math.abs(preset.width - window.width) < 0.5)?.id;
}

function Badges({ t, frame, previewing, state, notice }: { t: Translate; frame: Frame | undefined; previewing: boolean; state: StackState | undefined; notice: string | undefined }) {
  const lossy = frame && lossyText(frame.object, t);
  return (
    <div className="iv-badges">
      {state?.shown !== undefined || previewing ? (
        <span className={previewing ? 'iv-badge iv-badge-warning' : 'iv-badge'} data-quality={previewing ? 'preview' : 'lossless'} title={t(previewing ? 'imaging.badge.preview_why' : 'imaging.badge.full_why')}>
          {t(previewing ? 'imaging.badge.preview' : 'imaging.badge.full')}
        </span>
      ) : null}
      {lossy && <span className="iv-badge iv-badge-warning">{lossy}</span>}
      {notice && <span className="iv-badge iv-badge-warning">{notice}</span>}
      <span className="iv-badge iv-badge-use">{t('imaging.badge.use')}</span>
    </div>
  );
}

function Slider({ pane, t }: { pane: Pane; t: Translate }) {
  const { state, view } = pane;
  const total = state?.total ?? 0;
  const loaded = state && total > 0 ? Math.min(1, state.loaded / total) : 0;
  return (
    <div className="iv-slider">
      <input type="range" min={0} max={Math.max(0, total - 1)} step={1} value={state?.target ?? 0} disabled={total < 2} aria-label={t('imaging.slider.label')} aria-valuetext={state && imageNumber(state, t)} onChange={(event) => view?.goTo(Number(event.target.value))} />
      <span className="iv-progress" aria-hidden>
        <span style={{ width: `${loaded * 100}%` }} />
      </span>
      <span className="iv-loaded" data-loaded={state?.loaded ?? 0}>
        {total > 0 && (loaded < 1 ? t('imaging.slider.loaded', { loaded: state?.loaded, total, mb: ((state?.bytes ?? 0) / 1e6).toFixed(1) }) : t('imaging.slider.all_loaded', { total }))}
      </span>
    </div>
  );
}

/** What stands in the middle when there is no image: trouble, an empty series, or waiting with words. */
function Middle({ study, pane, covered, t }: { study: StudyData; pane: Pane; covered: boolean; t: Translate }) {
  const { state, view } = pane;
  if (pane.problem) return <ProblemCard problem={pane.problem} about={t('imaging.error.code')} onRetry={pane.restart} t={t} />;
  if (study.studyProblem) return <ProblemCard problem={study.studyProblem} about={t('imaging.error.study')} onRetry={study.retry} t={t} />;
  if (study.seriesProblem) return <ProblemCard problem={study.seriesProblem} about={t('imaging.error.series')} onRetry={study.retry} t={t} />;
  if (study.series?.length === 0) return <div className="iv-card" role="status">{t('imaging.empty.study')}</div>;
  if (study.frames?.length === 0) return <div className="iv-card" role="status">{t('imaging.empty.series')}</div>;
  if (state?.failed) {
    return <ProblemCard problem={state.failed} about={t('imaging.error.image', { number: state.failed.index + 1 })} onRetry={() => view?.retry()} t={t} />;
  }
  if (state?.shown === undefined && !covered) return <div className="iv-wait" role="status">{t('imaging.wait')}</div>;
  if (state && state.shown !== state.target) return <div className="iv-wait iv-wait-next" role="status">{t('imaging.wait_image', { number: state.target + 1 })}</div>;
  return null;
}

interface Screen {
  tool: ToolId;
  texts: boolean;
  measurements: boolean;
  help: boolean;
  series: boolean;
  more: boolean;
}

function useCommands(pane: Pane, setScreen: (change: (before: Screen) => Screen) => void, takeKeyImage: (() => void) | undefined) {
  return useCallback(
    (command: Command) => {
      const { view } = pane;
      const flip = (name: 'texts' | 'measurements' | 'help') => setScreen((before) => ({ ...before, more: false, [name]: !before[name] }));
      switch (command.do) {
        case 'texts':
        case 'measurements':
        case 'help':
          return flip(command.do);
        case 'escape':
          return setScreen((before) => ({ ...before, help: false, series: false, more: false }));
        case 'tool':
          return setScreen((before) => ({ ...before, tool: command.tool }));
        default:
      }
      const state = view?.state(); // not the drawn one: keys come faster than frames
      if (!view || !state || state.total === 0) return undefined;
      switch (command.do) {
        case 'step':
          return view.step(command.count);
        case 'edge':
          return view.goTo(command.end === 'first' ? 0 : state.total - 1);
        case 'delete': {
          const chosen = view.selectedMeasurement() ?? view.measurements().at(-1)?.id;
          return chosen && view.removeMeasurement(chosen);
        }
        default:
      }
      if (state.shown === undefined) return undefined;
      switch (command.do) {
        case 'zoom':
          return view.zoomBy(command.factor);
        case 'pan':
          return view.panBy(command.right, command.down);
        case 'window':
          return state.window && view.setWindow(state.window.center + command.level, Math.max(1, state.window.width + command.width));
        case 'preset': {
          const preset = kWindowPresets.find((one) => one.id === command.id);
          return preset && state.window && view.setWindow(preset.center, preset.width);
        }
        case 'file_window':
          return view.setFileWindow();
        case 'fit':
          return view.fit();
        case 'invert':
          return view.toggleInvert();
        case 'reset':
          return view.reset();
        case 'key_image':
          return takeKeyImage?.();
        default:
          return undefined;
      }
    },
    [pane, setScreen, takeKeyImage],
  );
}

/** Two frames on, what was asked for is drawn. */
const nextPicture = () => new Promise<void>((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())));

function isTyping(target: EventTarget): boolean {
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.type !== 'range');
}

/** One image a notch; a trackpad's small steps add up. Not passive, so that the page does not scroll along. */
function useWheel(element: React.RefObject<HTMLDivElement | null>, pane: Pane): void {
  const { view } = pane;
  useEffect(() => {
    const stage = element.current;
    if (!view || !stage) return undefined;
    let rest = 0;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      if (event.ctrlKey) return view.zoomBy(event.deltaY < 0 ? 1.1 : 1 / 1.1);
      rest += event.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? event.deltaY / 40 : event.deltaY;
      const steps = Math.trunc(rest);
      if (steps === 0) return undefined;
      rest = 0;
      return view.step(Math.sign(steps));
    };
    stage.addEventListener('wheel', onWheel, { passive: false });
    return () => stage.removeEventListener('wheel', onWheel);
  }, [view, element]);
}

export default function ImagingViewer(props: ImagingViewerProps) {
  const { studyUid, patientLabel, language, notice, onKeyImage } = props;
  const t = useImagingText(language);
  const study = useStudy(studyUid);
  const stage = useRef<HTMLDivElement>(null);
  const pane = useStack(stage, study.frames, t);
  const { root, narrow } = useNarrow();
  const [screen, setScreen] = useState<Screen>(() => ({ tool: matchMedia('(pointer: coarse)').matches ? 'scroll' : 'window', texts: true, measurements: false, help: false, series: false, more: false }));
  const [said, setSaid] = useState('');
  const { state, view } = pane;
  const { frames } = study;
  const frame = state?.shown === undefined ? undefined : study.frames?.[state.shown];
  const preview = usePreview(state && study.frames?.[state.target], state);
  useSeen(study.current?.seriesUid, study.frames?.length ?? 0, state?.shown, preview.previewed, props.onImageSeen);
  useWheel(stage, pane);
  useEffect(() => view?.setTool(screen.tool), [view, screen.tool]);

  const previewFrame = preview.previewed === undefined ? undefined : study.frames?.[preview.previewed];
  const drawn = previewFrame ?? frame;
  const series = study.current;
  const keyImages = onKeyImage !== undefined && props.readOnly !== true;
  const takeKeyImage = useMemo(() => {
    if (!keyImages || !view || !frames || !series) return undefined;
    const take = async () => {
      await nextPicture(); // what the keys before this one asked for is then on the canvas, and its words are of the same moment
      const now = view.state();
      const taken = now.shown === undefined ? undefined : frames[now.shown];
      if (!taken) return;
      const input = { ...view.picture(), frame: taken, series, state: now, measurements: view.measurements(), notices: [notice ?? '', t('imaging.badge.use')], t };
      const description = describe(input);
      await onKeyImage({ sopInstanceUid: taken.sopInstanceUid, frame: taken.frame, pngDataUrl: keyImagePng(input), description });
      setSaid(t('imaging.key_image.taken', { description }));
    };
    return () => void take().catch(() => setSaid(t('imaging.key_image.not_kept')));
  }, [keyImages, view, frames, series, notice, t, onKeyImage]);
  const onCommand = useCommands(pane, setScreen, takeKeyImage);

  useEffect(() => {
    const timer = setTimeout(() => setSaid(''), 4000);
    return () => clearTimeout(timer);
  }, [said]);

  const onKeyDown = (event: KeyboardEvent) => {
    const command = isTyping(event.target) ? undefined : commandOf(event);
    if (!command || (command.do === 'escape' && !screen.help && !screen.series && !screen.more)) return;
    event.preventDefault();
    event.stopPropagation();
    onCommand(command);
  };
  const showSeries = !narrow || screen.series;
  const ctPresets = frame ? text(frame.object, '00080060') === 'CT' : false;
  const toolbar = (
    <Toolbar
      t={t}
      narrow={narrow}
      tool={screen.tool}
      preset={presetOf(state)}
      ctPresets={ctPresets}
      inverted={state?.invert ?? false}
      textsOn={screen.texts}
      measurementsOn={screen.measurements}
      measurementCount={pane.measurements.length}
      keyImages={keyImages}
      disabled={frame === undefined}
      seriesOpen={screen.series}
      onSeries={() => setScreen((before) => ({ ...before, more: false, series: !before.series }))}
      moreOpen={screen.more}
      onMore={(more) => setScreen((before) => ({ ...before, more }))}
      onCommand={onCommand}
    />
  );
  return (
    <section ref={root} className="iv" data-mantine-color-scheme="dark" data-narrow={narrow} aria-label={t('imaging.label')} tabIndex={-1} onKeyDown={onKeyDown} data-shown={state?.shown ?? ''} data-cpu={state?.cpu ?? ''}>
      <header className="iv-head">
        <span className="iv-patient">{patientLabel}</span>
        <Badges t={t} frame={frame} previewing={preview.previewed !== undefined} state={state} notice={notice} />
      </header>
      {!narrow && toolbar}
      <div className="iv-body">
        {showSeries && study.series && (
          <SeriesList
            studyUid={studyUid}
            all={study.series}
            current={series?.seriesUid}
            onPick={(uid) => {
              study.pick(uid);
              setScreen((before) => ({ ...before, series: false }));
            }}
            t={t}
          />
        )}
        <div className="iv-stage" tabIndex={0} onPointerDown={(event) => event.currentTarget.focus({ preventScroll: true })} role="application" aria-label={state && frame ? `${patientLabel} ${imageNumber(state, t)}` : t('imaging.label')} aria-keyshortcuts="?">
          <div ref={stage} className="iv-canvas" data-ready={frame !== undefined} onContextMenu={(event) => event.preventDefault()} />
          {preview.source && <img className={state?.invert ? 'iv-preview iv-inverted' : 'iv-preview'} src={preview.source} alt="" onLoad={preview.arrived} onError={preview.failed} />}
          {drawn && series && state && <ViewOverlay frame={drawn} series={series} state={previewFrame ? ofPreview(state) : state} width_px={pane.width_px} narrow={narrow} texts={screen.texts} t={t} />}
          <Middle study={study} pane={pane} covered={previewFrame !== undefined} t={t} />
          {said && <div className="iv-said" role="status">{said}</div>}
        </div>
        {screen.measurements && (
          <MeasurementList
            all={pane.measurements}
            imageLabel={(imageId) => {
              const index = view?.indexOf(imageId) ?? -1;
              return index < 0 ? t('imaging.measure.other_series') : t('imaging.text.image', { number: index + 1, total: state?.total ?? 0 });
            }}
            onJump={(measurement) => view?.jumpTo(measurement) || study.pick(measurement.seriesUid)}
            onRemove={(measurement) => view?.removeMeasurement(measurement.id)}
            onClose={() => setScreen((before) => ({ ...before, measurements: false }))}
            t={t}
          />
        )}
        {screen.help && <Help onClose={() => setScreen((before) => ({ ...before, help: false }))} t={t} />}
      </div>
      <Slider pane={pane} t={t} />
      {narrow && toolbar}
    </section>
  );
}
