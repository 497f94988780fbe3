/**
 * A key image: the pane as it stands (pixels, drawings, orientation, scale, image number, window, notices)
 * as PNG. The patient's name and number are never burned in: the document around it names the patient.
 */
import type { Frame, Series } from './dicomweb';
import { edgeLetters, scaleBar, spacingOf } from './geometry';
import { linesOf, type Measurement, type Translate, type World } from './measurements';
import type { StackState } from './stack_view';
import { acquisitionLines, lossyText, studyLines, windowText } from './view_texts';

export interface KeyImageInput {
  canvas: HTMLCanvasElement;
  toCanvas: (world: World) => [number, number];
  frame: Frame;
  series: Series;
  state: StackState;
  measurements: Measurement[];
  notices: string[];
  t: Translate;
}

interface Pen {
  context: CanvasRenderingContext2D;
  width: number; // CSS pixels
  height: number;
}

const kMargin_px = 10;
const kText_px = 14;

function penOn(source: HTMLCanvasElement): { pen: Pen; canvas: HTMLCanvasElement } {
  const canvas = document.createElement('canvas');
  canvas.width = source.width;
  canvas.height = source.height;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no drawing context');
  context.drawImage(source, 0, 0);
  const width = source.clientWidth || source.width;
  const height = source.clientHeight || source.height;
  context.scale(source.width / width, source.height / height);
  context.lineJoin = 'round';
  return { canvas, pen: { context, width, height } };
}

function writeText(pen: Pen, text: string, x: number, y: number, align: CanvasTextAlign, color = 'white', size = kText_px): void {
  const { context } = pen;
  context.font = `${size}px system-ui, "Noto Sans CJK SC", sans-serif`;
  context.textAlign = align;
  context.textBaseline = 'middle';
  context.lineWidth = 3;
  context.strokeStyle = 'black';
  context.strokeText(text, x, y);
  context.fillStyle = color;
  context.fillText(text, x, y);
}

function block(pen: Pen, lines: string[], x: number, top: number, align: CanvasTextAlign): void {
  lines.forEach((line, index) => writeText(pen, line, x, top + index * (kText_px + 4), align));
}

function drawMeasurement(pen: Pen, measurement: Measurement, toCanvas: KeyImageInput['toCanvas'], t: Translate): void {
  const { context } = pen;
  const points = measurement.world.map(toCanvas);
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  context.beginPath();
  if (measurement.kind === 'ellipse') {
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
    context.ellipse((left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2, 0, 0, 2 * Math.PI);
  } else {
    points.forEach(([x, y], index) => (index === 0 ? context.moveTo(x, y) : context.lineTo(x, y)));
  }
  for (const [width, color] of [[4, 'black'], [2, 'yellow']] as const) {
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  }
  linesOf(measurement, t).forEach((line, index) => writeText(pen, line, Math.max(...xs) + 8, (Math.min(...ys) + Math.max(...ys)) / 2 + index * (kText_px + 4), 'left', 'yellow'));
}

function drawScale(pen: Pen, frame: Frame, state: StackState): void {
  const spacing = spacingOf(frame.object, frame.frame);
  const bar = spacing && state.pxPerMm !== undefined ? scaleBar(state.pxPerMm, Math.min(220, pen.width * 0.3)) : undefined;
  if (!bar) return;
  const right = pen.width - kMargin_px;
  const y = pen.height - kMargin_px - 6;
  pen.context.fillStyle = 'white';
  pen.context.fillRect(right - bar.px, y, bar.px, 3);
  writeText(pen, bar.label, right, y - 12, 'right');
}

function drawEdges(pen: Pen, frame: Frame): void {
  const edges = edgeLetters(frame.object, frame.frame);
  if (!edges) return;
  writeText(pen, edges.left, kMargin_px, pen.height / 2, 'left', 'white', 18);
  writeText(pen, edges.right, pen.width - kMargin_px, pen.height / 2, 'right', 'white', 18);
  writeText(pen, edges.top, pen.width / 2, kMargin_px + 8, 'center', 'white', 18);
  writeText(pen, edges.bottom, pen.width / 2, pen.height - kMargin_px - 8, 'center', 'white', 18);
}

export function describe({ frame, series, state, measurements, t }: KeyImageInput): string {
  const here = measurements.filter((measurement) => measurement.imageId === frame.imageId);
  const parts = [
    t('imaging.text.series', { number: series.number ?? '–' }),
    series.modality,
    series.description,
    t('imaging.text.image', { number: (state.shown ?? 0) + 1, total: state.total }),
    windowText(state.window, t),
    ...here.map((measurement) => linesOf(measurement, t).join(', ')),
  ];
  return parts.filter(Boolean).join(' · ');
}

export function keyImagePng(input: KeyImageInput): string {
  const { canvas, pen } = penOn(input.canvas);
  const { frame, series, state, t } = input;
  for (const measurement of input.measurements.filter((one) => one.imageId === frame.imageId)) drawMeasurement(pen, measurement, input.toCanvas, t);
  drawEdges(pen, frame);
  drawScale(pen, frame, state);
  const line = kText_px + 4;
  block(pen, [...studyLines(frame.object, series, t), ...acquisitionLines(frame, t)], pen.width - kMargin_px, kMargin_px + 8, 'right');
  const bottom = [lossyText(frame.object, t), t('imaging.text.image', { number: (state.shown ?? 0) + 1, total: state.total }), windowText(state.window, t), ...input.notices].filter((text): text is string => Boolean(text));
  block(pen, bottom, kMargin_px, pen.height - kMargin_px - bottom.length * line + line / 2, 'left');
  return canvas.toDataURL('image/png');
}
