/** The text blocks around an image, from the object alone. Pure. What is missing leaves its line out. */
import { date, functionalGroup, number, text, time, type DicomObject } from './dicom_json';
import { patientOf, type Frame, type Series } from './dicomweb';
import { positionOf, planeOf, type Vector } from './geometry';
import { rounded } from './measure';
import type { Translate } from './measurements';

function joined(parts: (string | undefined)[], between = ' · '): string | undefined {
  const present = parts.filter((part): part is string => part !== undefined && part !== '');
  return present.length > 0 ? present.join(between) : undefined;
}

function lines(...all: (string | undefined)[]): string[] {
  return all.filter((line): line is string => line !== undefined);
}

function sexText(sex: string | undefined, t: Translate): string | undefined {
  return sex === 'M' || sex === 'F' || sex === 'O' ? t(`imaging.sex.${sex}`) : undefined;
}

export function patientLines(object: DicomObject, t: Translate): string[] {
  const patient = patientOf(object);
  return lines(patient.name, joined([patient.id && t('imaging.text.patient_id', { id: patient.id }), sexText(patient.sex, t)]), patient.birthDate && t('imaging.text.born', { date: patient.birthDate }));
}

export function studyLines(object: DicomObject, series: Series, t: Translate): string[] {
  const when = joined([date(object, '00080022') ?? date(object, '00080020'), time(object, '00080032') ?? time(object, '00080030')], ' ');
  return lines(
    text(object, '00080080'),
    text(object, '00081030'),
    when,
    joined([t('imaging.text.series', { number: series.number ?? '–' }), series.modality, series.description]),
  );
}

function unit(value: number | undefined, suffix: string): string | undefined {
  return value === undefined ? undefined : `${Number(value.toFixed(1))} ${suffix}`;
}

/** Position along the normal of the image plane in mm, when orientation and position are known. */
function locationAlongNormal(object: DicomObject, frame: number): number | undefined {
  const plane = planeOf(object, frame);
  const at = positionOf(object, frame);
  if (!plane || !at) return undefined;
  const [a, b]: [Vector, Vector] = [plane.row, plane.column];
  const normal: Vector = [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
  return normal[0] * at[0] + normal[1] * at[1] + normal[2] * at[2];
}

export function acquisitionLines({ object, frame }: Frame, t: Translate): string[] {
  const measures = functionalGroup(object, frame, '00289110');
  const thickness = number(measures, '00180050') ?? number(object, '00180050');
  const location = number(object, '00201041') ?? locationAlongNormal(object, frame);
  const charge = number(object, '00181152');
  const current = charge === undefined ? unit(number(object, '00181151'), 'mA') : undefined;
  const exposure = charge === undefined ? unit(number(object, '00181150'), 'ms') : undefined;
  return lines(
    joined([unit(number(object, '00180060'), 'kV'), unit(charge, 'mAs'), current, exposure]),
    joined([
      thickness === undefined ? undefined : t('imaging.text.thickness', { mm: Number(thickness.toFixed(2)) }),
      location === undefined ? undefined : t('imaging.text.location', { mm: location.toFixed(1) }),
    ]),
    laterality(object, t),
  );
}

function laterality(object: DicomObject, t: Translate): string | undefined {
  const side = text(object, '00200062') ?? text(object, '00200060');
  return side === 'L' || side === 'R' || side === 'B' ? t(`imaging.laterality.${side}`) : undefined;
}

export function windowText(window: { center: number; width: number } | undefined, t: Translate): string | undefined {
  return window && t('imaging.text.window', { width: rounded0(window.width), center: rounded0(window.center) });
}

function rounded0(value: number): string {
  return Math.abs(value) < 10 && !Number.isInteger(value) ? rounded(value) : String(Math.round(value));
}

/** Lossy compression anywhere in the life of the pixels (0028,2110), with the ratio where it is told. */
export function lossyText(object: DicomObject, t: Translate): string | undefined {
  if (text(object, '00282110') !== '01') return undefined;
  const ratio = number(object, '00282112');
  return ratio === undefined ? t('imaging.badge.lossy') : t('imaging.badge.lossy_ratio', { ratio: Number(ratio.toFixed(1)) });
}
