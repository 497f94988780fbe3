import { expect, it } from 'vitest';
import { nameOf, patientQuery } from './fhir';

it('reads one search box as number, telephone, date or name', () => {
  expect(patientQuery('99999919850228001x')).toEqual({ identifier: '99999919850228001X' });
  expect(patientQuery('1985-2-8')).toEqual({ birthdate: '1985-02-08' });
  expect(patientQuery('138 0000 0000')).toEqual({ phone: '13800000000' });
  expect(patientQuery('H00123')).toEqual({ identifier: 'H00123' });
  expect(patientQuery('lin xiao')).toEqual({ name: 'lin xiao' });
  expect(patientQuery('林')).toEqual({ name: '林' });
  expect(patientQuery('l')).toBeUndefined();
  expect(patientQuery('  ')).toBeUndefined();
});

it('writes names as their script does', () => {
  expect(nameOf([{ family: '林', given: ['小', '海'] }])).toBe('林小海');
  expect(nameOf([{ family: 'Lin', given: ['Xiaohai'] }])).toBe('Xiaohai Lin');
  expect(nameOf([{ text: 'old' }, { use: 'official', text: 'new' }])).toBe('new');
  expect(nameOf(undefined)).toBe('');
});
