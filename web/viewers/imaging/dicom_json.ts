/**
 * Reads values out of the DICOM JSON model (PS3.18 annex F). Pure; every getter answers `undefined`
 * where the element is missing, empty or of another kind, so that nothing is ever guessed.
 */

export interface DicomElement {
  vr?: string;
  Value?: unknown[];
  BulkDataURI?: string;
  InlineBinary?: string;
}
export type DicomObject = Record<string, DicomElement | undefined>;

function first(object: DicomObject | undefined, tag: string): unknown {
  return object?.[tag]?.Value?.[0];
}

export function text(object: DicomObject | undefined, tag: string): string | undefined {
  const value = first(object, tag);
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') return undefined;
  const trimmed = value.trim();
  return trimmed === '' ? undefined : trimmed;
}

export function texts(object: DicomObject | undefined, tag: string): string[] {
  return (object?.[tag]?.Value ?? []).filter((value): value is string => typeof value === 'string');
}

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const parsed = Number(value.trim().replace(',', '.'));
  return Number.isFinite(parsed) ? parsed : undefined;
}

export function number(object: DicomObject | undefined, tag: string): number | undefined {
  return toNumber(first(object, tag));
}

/** All values, or `undefined` when one of them is not a number or fewer than `atLeast` are there. */
export function numbers(object: DicomObject | undefined, tag: string, atLeast = 1): number[] | undefined {
  const values = (object?.[tag]?.Value ?? []).map(toNumber);
  if (values.length < atLeast || values.some((value) => value === undefined)) return undefined;
  return values as number[];
}

export function items(object: DicomObject | undefined, tag: string): DicomObject[] {
  return (object?.[tag]?.Value ?? []).filter((value): value is DicomObject => typeof value === 'object' && value !== null);
}

/** A person's name: the ideographic group where there is one, else the alphabetic; `^` becomes a space. */
export function personName(object: DicomObject | undefined, tag: string): string | undefined {
  const value = first(object, tag);
  if (typeof value !== 'object' || value === null) return undefined;
  const groups = value as { Alphabetic?: string; Ideographic?: string };
  const clean = (group: string | undefined) => group?.replace(/\^+/g, ' ').trim() || undefined;
  const ideographic = clean(groups.Ideographic)?.replace(/\s+/g, '');
  const alphabetic = clean(groups.Alphabetic);
  if (ideographic && alphabetic && ideographic !== alphabetic) return `${ideographic} ${alphabetic}`;
  return ideographic ?? alphabetic;
}

/** `20261121` → `2026-11-21`; anything else stays away. */
export function date(object: DicomObject | undefined, tag: string): string | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(text(object, tag) ?? '');
  return match ? `${match[1]}-${match[2]}-${match[3]}` : undefined;
}

/** `223015.12` → `22:30:15`, `2230` → `22:30`. */
export function time(object: DicomObject | undefined, tag: string): string | undefined {
  const match = /^(\d{2})(\d{2})?(\d{2})?/.exec(text(object, tag) ?? '');
  return match ? [match[1], match[2] ?? '00', match[3]].filter(Boolean).join(':') : undefined;
}

/** A per-frame value of an enhanced object: first the frame's own functional group, then the shared one. */
export function functionalGroup(object: DicomObject, frame: number, sequence: string): DicomObject | undefined {
  const perFrame = items(object, '52009230')[frame - 1];
  const shared = items(object, '52009229')[0];
  return items(perFrame, sequence)[0] ?? items(shared, sequence)[0];
}
