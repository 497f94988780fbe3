/**
 * The Chinese citizen identification number as it is typed: check character, birth date and sex that it states.
 * Source: GB 11643-1999; the check character is ISO 7064:1983 MOD 11-2. The server checks again.
 */
export type NationalIdDefect = 'length' | 'character' | 'birth_date' | 'check_digit';

export interface NationalId {
  birthDate: string;
  sex: 'male' | 'female';
}

const kWeights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2] as const;
const kCheckCharacters = '10X98765432';

export function checkCharacter(first17: string): string | undefined {
  if (!/^\d{17}$/.test(first17)) return undefined;
  const sum = kWeights.reduce<number>((total, weight, index) => total + weight * Number(first17[index]), 0);
  return kCheckCharacters[sum % 11];
}

export function readNationalId(typed: string, today: Date = new Date()): NationalId | NationalIdDefect {
  const text = typed.trim().toUpperCase();
  if (text.length !== 18) return 'length';
  if (!/^\d{17}[\dX]$/.test(text)) return 'character';
  const year = Number(text.slice(6, 10));
  const month = Number(text.slice(10, 12));
  const day = Number(text.slice(12, 14));
  const date = new Date(Date.UTC(year, month - 1, day));
  const isDay = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  if (!isDay || year < 1900 || date.getTime() > today.getTime()) return 'birth_date';
  if (checkCharacter(text.slice(0, 17)) !== text[17]) return 'check_digit';
  return { birthDate: `${text.slice(6, 10)}-${text.slice(10, 12)}-${text.slice(12, 14)}`, sex: Number(text[16]) % 2 === 1 ? 'male' : 'female' };
}
