/**
 * What a drawn measurement says: its points in the viewer's world, worked out by `measure.ts` on the
 * object's own spacing. The list, the text on the image and the key image all read from here. Pure.
 */
import { areaOf, angleOf, ellipseOf, ellipseStatistics, lengthOf, rounded, valueUnit, type EllipseStatistics, type PixelSource } from './measure';
import type { Frame } from './dicomweb';
import { displaySpacing, drawnPlane, regionSpacing, spacingOf, type Point, type Spacing } from './geometry';

export type MeasurementKind = 'length' | 'angle' | 'ellipse';
export type World = readonly [number, number, number];

export interface MeasurementValues {
  kind: MeasurementKind;
  origin: Spacing['origin'] | undefined;
  length?: { value: number; unit: string };
  degrees?: number;
  area?: { value: number; unit: string };
  statistics?: EllipseStatistics;
  statisticsUnit?: string;
}

export interface Measurement extends MeasurementValues {
  id: string;
  imageId: string;
  seriesUid: string;
  world: World[];
}

export const kToolOfKind: Record<MeasurementKind, string> = { length: 'Length', angle: 'Angle', ellipse: 'EllipticalROI' };
export const kKindOfTool = new Map(Object.entries(kToolOfKind).map(([kind, tool]) => [tool, kind as MeasurementKind]));

/** World to pixel coordinates; `shift_px` is what the renderer's world lies beside the pixel centres. */
export function toPixel(world: World, frame: Frame, shift_px: number): Point {
  const { row, column, origin, spacing } = drawnPlane(frame.object, frame.frame);
  const [x, y, z] = [world[0] - origin[0], world[1] - origin[1], world[2] - origin[2]];
  return {
    x: (x * row[0] + y * row[1] + z * row[2]) / spacing.column - shift_px,
    y: (x * column[0] + y * column[1] + z * column[2]) / spacing.row - shift_px,
  };
}

export function valuesOf(kind: MeasurementKind, world: readonly World[], frame: Frame, pixels: PixelSource | undefined, shift_px: number): MeasurementValues | undefined {
  const points = world.map((point) => toPixel(point, frame, shift_px));
  const [a, b, c] = points;
  const spacing = regionSpacing(frame.object, points) ?? spacingOf(frame.object, frame.frame);
  const values: MeasurementValues = { kind, origin: spacing?.origin };
  if (kind === 'length') return a && b ? { ...values, length: lengthOf(a, b, spacing) } : undefined;
  if (kind === 'angle') {
    const aspect = displaySpacing(frame.object, frame.frame);
    const degrees = a && b && c ? angleOf(a, b, c, spacing ?? { rowMm: aspect.row, columnMm: aspect.column }) : undefined;
    return degrees === undefined ? undefined : { ...values, degrees };
  }
  if (points.length < 4) return undefined;
  const ellipse = ellipseOf(points);
  const statistics = pixels && ellipseStatistics(ellipse, pixels);
  return { ...values, area: areaOf(ellipse, spacing), ...(statistics && { statistics, statisticsUnit: valueUnit(frame.object) }) };
}

export type Translate = (key: string, params?: Record<string, unknown>) => string;

/** The lines beside the drawing, and in the list. */
export function linesOf(values: MeasurementValues, t: Translate): string[] {
  const lines: string[] = [];
  const where = values.origin === 'detector' ? ` ${t('imaging.measure.at_detector')}` : '';
  if (values.length) lines.push(`${rounded(values.length.value)} ${values.length.unit}${where}`);
  if (values.degrees !== undefined) lines.push(`${values.degrees.toFixed(1)}°`);
  if (values.statistics) {
    const unit = values.statisticsUnit ? ` ${values.statisticsUnit}` : '';
    lines.push(`${t('imaging.measure.mean')} ${rounded(values.statistics.mean)} ± ${rounded(values.statistics.deviation)}${unit}`);
  }
  if (values.area) lines.push(`${t('imaging.measure.area')} ${rounded(values.area.value)} ${values.area.unit}${where}`);
  return lines;
}
