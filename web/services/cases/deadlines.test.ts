import { readFileSync } from 'node:fs';
import i18next from 'i18next';
import { beforeAll, describe, expect, it } from 'vitest';
import { deadlineText } from './deadlines';

const pack = {
  pack: 'X 1',
  working_day_minutes: 540,
  clocks: [
    { name: 'check', kind: 'working' as const, minutes: 240 },
    { name: 'arrange', kind: 'wall' as const, minutes: 2880 },
    { name: 'done', kind: 'working' as const, minutes: 1620 },
    { name: 'quick', kind: 'wall' as const, minutes: 10 },
    { name: 'day', kind: 'working' as const, minutes: 540 },
  ],
};

describe('a deadline in words', () => {
  beforeAll(() =>
    i18next.init({ lng: 'en', keySeparator: false, nsSeparator: false, resources: { en: { translation: JSON.parse(readFileSync('app/locales/en.json', 'utf8')) as Record<string, string> } } }),
  );
  it('keeps the unit of the pack', () => {
    expect(pack.clocks.map((one) => deadlineText(pack, one.name))).toEqual(['4 working hours', '48 h', '3 working days', '10 min', '1 working day']);
  });
  it('says nothing where there is no limit', () => expect(deadlineText(pack, 'lunch')).toBeUndefined());
});
