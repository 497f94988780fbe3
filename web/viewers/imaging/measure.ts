/**
 * What a drawn line, angle or ellipse says, from points in pixel coordinates. Pure: no viewer, no language.
 * Lengths follow the row and column spacing separately; without spacing the unit is `px`.
 */
import { text, type DicomObject } from './dicom_json';
import type { Point, Spacing } from './geometry';

export interface PixelSource {
  columns: number;
  rows: number;
  /** Stored value to modality value: value × slope + intercept. 1 and 0 when the loader has already done it. */
  slope: number;
  intercept: number;
  data: ArrayLike<number>;
}

export interface Ellipse {
  centre: Point;
  radiusX: number; // in pixels
  radiusY: number;
}

export interface EllipseStatistics {
  pixels: number;
  mean: number;
  deviation: number; // of all pixels of the region (divided by n)
  min: number;
  max: number;
}

export function lengthOf(from: Point, to: Point, spacing: Spacing | undefined): { value: number; unit: 'mm' | 'px' } {
  const across = (to.x - from.x) * (spacing?.columnMm ?? 1);
  const down = (to.y - from.y) * (spacing?.rowMm ?? 1);
  return { value: Math.hypot(across, down), unit: spacing ? 'mm' : 'px' };
}

/** The angle at `vertex` in degrees 0…180, or nothing when an arm has no length. */
export function angleOf(start: Point, vertex: Point, end: Point, spacing: { rowMm: number; columnMm: number } | undefined): number | undefined {
  const arm = (point: Point) => [(point.x - vertex.x) * (spacing?.columnMm ?? 1), (point.y - vertex.y) * (spacing?.rowMm ?? 1)] as const;
  const [ax, ay] = arm(start);
  const [bx, by] = arm(end);
  const lengths = Math.hypot(ax, ay) * Math.hypot(bx, by);
  if (lengths === 0) return undefined;
  const cosine = Math.min(1, Math.max(-1, (ax * bx + ay * by) / lengths));
  return (Math.acos(cosine) * 180) / Math.PI;
}

/** The ellipse between the smallest and largest coordinate of its handles (its axes lie along rows and columns). */
export function ellipseOf(handles: readonly Point[]): Ellipse {
  const xs = handles.map((handle) => handle.x);
  const ys = handles.map((handle) => handle.y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  return { centre: { x: (left + right) / 2, y: (top + bottom) / 2 }, radiusX: (right - left) / 2, radiusY: (bottom - top) / 2 };
}

export function areaOf(ellipse: Ellipse, spacing: Spacing | undefined): { value: number; unit: 'mm²' | 'px²' } {
  const factor = spacing ? spacing.rowMm * spacing.columnMm : 1;
  return { value: Math.PI * ellipse.radiusX * ellipse.radiusY * factor, unit: spacing ? 'mm²' : 'px²' };
}

/** Statistics of the pixels whose centre lies in the ellipse; nothing when there is none. */
export function ellipseStatistics(ellipse: Ellipse, source: PixelSource): EllipseStatistics | undefined {
  const { centre, radiusX, radiusY } = ellipse;
  if (!(radiusX > 0) || !(radiusY > 0)) return undefined;
  let pixels = 0;
  let sum = 0;
  let squares = 0;
  let min = Infinity;
  let max = -Infinity;
  const top = Math.max(0, Math.ceil(centre.y - radiusY));
  const bottom = Math.min(source.rows - 1, Math.floor(centre.y + radiusY));
  for (let y = top; y <= bottom; y += 1) {
    const half = radiusX * Math.sqrt(Math.max(0, 1 - ((y - centre.y) / radiusY) ** 2));
    const right = Math.min(source.columns - 1, Math.floor(centre.x + half));
    for (let x = Math.max(0, Math.ceil(centre.x - half)); x <= right; x += 1) {
      const value = (source.data[y * source.columns + x] as number) * source.slope + source.intercept;
      pixels += 1;
      sum += value;
      squares += value * value;
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  if (pixels === 0) return undefined;
  const mean = sum / pixels;
  return { pixels, mean, deviation: Math.sqrt(Math.max(0, squares / pixels - mean * mean)), min, max };
}

/** The unit of the pixel values: what Rescale Type says; `HU` for CT with a rescale and no type (PS3.3 C.11.1.1.2); else none. */
export function valueUnit(object: DicomObject): string {
  const rescaled = text(object, '00281052') !== undefined && text(object, '00281053') !== undefined;
  const type = text(object, '00281054');
  if (type && type !== 'US') return type;
  return rescaled && text(object, '00080060') === 'CT' && !text(object, '00281054') ? 'HU' : '';
}

/** Fixed places by size, so that a value never pretends to more than the pixels give: 4.25, 43.2, 432. */
export function rounded(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 10 ? 2 : size < 1000 ? 1 : 0).replace(/^-(0(\.0+)?)$/, '$1');
}
