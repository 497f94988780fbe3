/**
 * Geometry of one image: orientation letters, spacing and its origin, scale bar. Pure.
 * What the object does not say is answered with `undefined`: never a default direction, never a
 * millimetre without a spacing. Sources: DICOM PS3.3 C.7.6.1.1.1 (orientation), C.7.6.2 (image plane),
 * 10.7.1.3 (pixel spacing against imager pixel spacing), C.8.5.5 (ultrasound regions).
 */
import { functionalGroup, items, number, numbers, text, texts, type DicomObject } from './dicom_json';

export type Vector = readonly [number, number, number];
export interface Plane {
  row: Vector; // direction of growing column index
  column: Vector; // direction of growing row index
}
export interface Point {
  x: number; // column index, 0 = centre of the first pixel
  y: number; // row index
}
/** Millimetres a pixel. `origin` tells what they are measured at. */
export interface Spacing {
  rowMm: number; // between rows, down the image
  columnMm: number; // between columns, across
  origin: 'patient' | 'detector' | 'region';
}

const kUnitTolerance = 1e-2;

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** Row and column directions, or nothing when the six numbers are missing or not two unit vectors at a right angle. */
export function planeOf(object: DicomObject, frame: number): Plane | undefined {
  const group = functionalGroup(object, frame, '00209116');
  const values = numbers(group, '00200037', 6) ?? numbers(object, '00200037', 6);
  if (!values) return undefined;
  const [a, b, c, d, e, f] = values as [number, number, number, number, number, number];
  const row: Vector = [a, b, c];
  const column: Vector = [d, e, f];
  const off = Math.max(Math.abs(dot(row, row) - 1), Math.abs(dot(column, column) - 1), Math.abs(dot(row, column)));
  return off > kUnitTolerance ? undefined : { row, column };
}

export function positionOf(object: DicomObject, frame: number): Vector | undefined {
  const group = functionalGroup(object, frame, '00209113');
  const values = numbers(group, '00200032', 3) ?? numbers(object, '00200032', 3);
  return values ? [values[0] as number, values[1] as number, values[2] as number] : undefined;
}

/** Letters of a direction in the patient's system (+x left, +y back, +z head), the strongest first. */
export function letters(direction: Vector): string {
  const axes: [number, string, string][] = [
    [direction[0], 'L', 'R'],
    [direction[1], 'P', 'A'],
    [direction[2], 'H', 'F'],
  ];
  return axes
    .filter(([part]) => Math.abs(part) > 0.1)
    .sort((one, other) => Math.abs(other[0]) - Math.abs(one[0]))
    .map(([part, positive, negative]) => (part > 0 ? positive : negative))
    .join('');
}

const kOpposite: Record<string, string> = { L: 'R', R: 'L', A: 'P', P: 'A', H: 'F', F: 'H' };

export interface EdgeLetters {
  top: string;
  right: string;
  bottom: string;
  left: string;
}

/** The letters at the four edges: from the plane, else from Patient Orientation (0020,0020), else nothing. */
export function edgeLetters(object: DicomObject, frame: number): EdgeLetters | undefined {
  const plane = planeOf(object, frame);
  const said = texts(object, '00200020').map((value) => value.trim());
  const [right, bottom] = plane ? [letters(plane.row), letters(plane.column)] : said;
  if (!right || !bottom || !/^[LRAPHF]+$/.test(right + bottom)) return undefined;
  const turn = (value: string) => [...value].map((letter) => kOpposite[letter]).join('');
  return { right, bottom, left: turn(right), top: turn(bottom) };
}

function pair(values: number[] | undefined): { rowMm: number; columnMm: number } | undefined {
  const [rowMm, columnMm] = values ?? [];
  return rowMm !== undefined && columnMm !== undefined && rowMm > 0 && columnMm > 0 ? { rowMm, columnMm } : undefined;
}

const kProjection = new Set(['CR', 'DX', 'MG', 'RG', 'XA', 'RF', 'PX', 'IO']);

/** The object's spacing, or nothing: then lengths are pixels. Ultrasound regions: see `regionSpacing`. */
export function spacingOf(object: DicomObject, frame: number): Spacing | undefined {
  const measures = functionalGroup(object, frame, '00289110');
  const spacing = pair(numbers(measures, '00280030', 2)) ?? pair(numbers(object, '00280030', 2));
  const imager = pair(numbers(object, '00181164', 2));
  if (!spacing) return imager ? { ...imager, origin: 'detector' } : undefined;
  const projection = kProjection.has(text(object, '00080060') ?? '');
  const corrected = text(object, '00280A02') !== undefined || (imager !== undefined && (imager.rowMm !== spacing.rowMm || imager.columnMm !== spacing.columnMm));
  return { ...spacing, origin: projection && !corrected ? 'detector' : 'patient' };
}

/** Spacing of the ultrasound region that holds all the points, if its axes are lengths (unit 3 = cm). */
export function regionSpacing(object: DicomObject, points: readonly Point[]): Spacing | undefined {
  for (const region of items(object, '00186011')) {
    const [x0, y0, x1, y1] = ['00186018', '0018601A', '0018601C', '0018601E'].map((tag) => number(region, tag));
    if (x0 === undefined || y0 === undefined || x1 === undefined || y1 === undefined) continue;
    if (!points.every((point) => point.x >= x0 && point.x <= x1 && point.y >= y0 && point.y <= y1)) continue;
    if (number(region, '00186024') !== 3 || number(region, '00186026') !== 3) return undefined;
    const columnMm = Math.abs(number(region, '0018602C') ?? 0) * 10;
    const rowMm = Math.abs(number(region, '0018602E') ?? 0) * 10;
    return columnMm > 0 && rowMm > 0 ? { rowMm, columnMm, origin: 'region' } : undefined;
  }
  return undefined;
}

/** How the image must be drawn: mm spacing where known, else the pixel aspect ratio, else square pixels. */
export function displaySpacing(object: DicomObject, frame: number): { row: number; column: number } {
  const spacing = spacingOf(object, frame);
  if (spacing) return { row: spacing.rowMm, column: spacing.columnMm };
  const [vertical, horizontal] = numbers(object, '00280034', 2) ?? [];
  return vertical && horizontal && vertical > 0 && horizontal > 0 ? { row: vertical / horizontal, column: 1 } : { row: 1, column: 1 };
}

export interface PlaneGeometry {
  row: Vector;
  column: Vector;
  origin: Vector;
  spacing: { row: number; column: number };
}

/** Where the pixels lie in the viewer's world. An object that does not say gets a place of its own, for drawing only. */
export function drawnPlane(object: DicomObject, frame: number): PlaneGeometry {
  const plane = planeOf(object, frame);
  return {
    row: plane?.row ?? [1, 0, 0],
    column: plane?.column ?? [0, 1, 0],
    origin: (plane && positionOf(object, frame)) ?? [0, 0, 0],
    spacing: displaySpacing(object, frame),
  };
}

export interface ScaleBar {
  mm: number;
  px: number;
  label: string;
}

/** The longest of 1, 2, 5 × 10ⁿ mm that fits into `roomPx`; at least 20 px, else none. */
export function scaleBar(pxPerMm: number, roomPx: number): ScaleBar | undefined {
  if (!(pxPerMm > 0) || !Number.isFinite(pxPerMm) || roomPx < 20) return undefined;
  const most = roomPx / pxPerMm;
  const decade = 10 ** Math.floor(Math.log10(most));
  const mm = [5, 2, 1].map((step) => step * decade).find((length) => length <= most * (1 + 1e-9)) ?? decade;
  const px = mm * pxPerMm;
  if (px < 20) return undefined;
  const tidy = Number(mm.toPrecision(3));
  return { mm: tidy, px, label: tidy >= 10 ? `${tidy / 10} cm` : `${tidy} mm` };
}
