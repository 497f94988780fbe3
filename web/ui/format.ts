/** Dates, numbers, ages and names as the reader's language writes them (`Intl`); units stay with their values. */
import { language, text } from '../app/i18n';

type When = string | number | Date | undefined | null;

function dateOf(when: When): Date | undefined {
  if (when === undefined || when === null || when === '') return undefined;
  const date = when instanceof Date ? when : new Date(when);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

const kPartialDate = /^\d{4}(-\d{2}(-\d{2})?)?$/;

/** A day alone stays a day: no midnight is made up for it. */
export function formatDateTime(when: When): string {
  if (typeof when === 'string' && kPartialDate.test(when)) return formatDate(when);
  const date = dateOf(when);
  if (!date) return '';
  const sameYear = date.getFullYear() === new Date().getFullYear();
  return new Intl.DateTimeFormat(language(), {
    ...(sameYear ? {} : { year: 'numeric' }),
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(date);
}

export function formatDate(when: When): string {
  if (typeof when === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(when)) {
    const [year, month, day] = when.split('-').map(Number);
    return formatDate(new Date(year ?? 0, (month ?? 1) - 1, day ?? 1));
  }
  if (typeof when === 'string' && /^\d{4}(-\d{2})?$/.test(when)) return when;
  const date = dateOf(when);
  return date ? new Intl.DateTimeFormat(language(), { year: 'numeric', month: 'short', day: 'numeric' }).format(date) : '';
}

/** From the first day to the last: what both share stands once. */
export function formatDays(first: Date, last: Date): string {
  return new Intl.DateTimeFormat(language(), { year: 'numeric', month: 'short', day: 'numeric' }).formatRange(first, last);
}

export function formatTime(when: When): string {
  const date = dateOf(when);
  return date ? new Intl.DateTimeFormat(language(), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date) : '';
}

export function formatNumber(value: number, digits = 1): string {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value);
}

/** @param minor  hundredths of the currency */
export function formatMoney(minor: number, currency: string): string {
  return new Intl.NumberFormat(language(), { style: 'currency', currency }).format(minor / 100);
}

export function formatBytes(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return new Intl.NumberFormat(language(), { style: 'unit', unit: units[unit] ?? 'byte', unitDisplay: 'short', maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0 }).format(value);
}

/** "3 h 20 min", "2 d 4 h": the two largest parts; less than a minute counts as one. */
export function formatDuration(ms: number): string {
  const minutes = Math.max(1, Math.round(Math.abs(ms) / 60_000));
  const parts: [number, 'day' | 'hour' | 'minute'][] = [
    [Math.floor(minutes / 1440), 'day'],
    [Math.floor((minutes % 1440) / 60), 'hour'],
    [minutes % 60, 'minute'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'short' }).format(count))
    .join(' ');
}

export interface Age {
  unit: 'year' | 'month' | 'day';
  value: number;
}

/** Age in whole years; under 3 years in months, under 2 months in days: the form that doses are read from. */
export function ageAt(birthDate: string | undefined, at: Date = new Date()): Age | undefined {
  if (!birthDate || !/^\d{4}-\d{2}-\d{2}$/.test(birthDate)) {
    const year = birthDate ? Number(birthDate.slice(0, 4)) : Number.NaN;
    return Number.isNaN(year) ? undefined : { unit: 'year', value: at.getFullYear() - year };
  }
  const [year = 0, month = 1, day = 1] = birthDate.split('-').map(Number);
  let months = (at.getFullYear() - year) * 12 + (at.getMonth() + 1 - month);
  if (at.getDate() < day) months -= 1;
  if (months < 0) return undefined;
  if (months < 2) {
    const days = Math.floor((Date.UTC(at.getFullYear(), at.getMonth(), at.getDate()) - Date.UTC(year, month - 1, day)) / 86_400_000);
    return { unit: 'day', value: days };
  }
  return months < 36 ? { unit: 'month', value: months } : { unit: 'year', value: Math.floor(months / 12) };
}

export function formatAge(birthDate: string | undefined): string {
  const age = ageAt(birthDate);
  return age ? text(`app.age.${age.unit}`, { count: age.value }) : '';
}

/** "4 y", "14 mo", "12 d" of the compact views in the reader's language. */
export function ageText(age: string | undefined): string {
  const match = /^(\d+)\s*(y|m|mo|w|d)$/.exec(age ?? '');
  if (!match) return age ?? '';
  const unit = { y: 'year', m: 'month', mo: 'month', w: 'week', d: 'day' }[match[2] ?? 'y'] ?? 'year';
  return text(`app.age.${unit}`, { count: Number(match[1]) });
}

/** Name of a person or an institution in the reader's language, where it has one. */
export function nameIn(one: { name: string; name_en?: string | null | undefined; nameEn?: string | null | undefined } | null | undefined): string {
  if (!one) return '';
  return (language() === 'en' ? (one.name_en ?? one.nameEn) : undefined) || one.name;
}

/** Minutes and seconds of a recording: 1:05. */
export const clockText = (seconds: number): string => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
