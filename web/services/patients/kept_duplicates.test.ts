import { describe, expect, it } from 'vitest';
import type { Patient } from '../../api/fhir';
import { isLikely } from './kept_duplicates';

const kId = 'urn:oid:2.16.156.10011.1.3';
const patient = (name: string, birthDate: string, number = '', phone = ''): Patient => ({
  resourceType: 'Patient',
  name: [{ text: name }],
  birthDate,
  ...(number ? { identifier: [{ system: kId, value: number }] } : {}),
  ...(phone ? { telecom: [{ system: 'phone', value: phone }] } : {}),
});

describe('who may be the same, of those kept here', () => {
  it('has the same number, however it was typed', () => {
    expect(isLikely(patient('林海', '1980-01-01', '99000019800101001x'), patient('王芳', '1981-01-01', '990000 19800101001X'))).toBe(true);
    expect(isLikely(patient('林海', '1980-01-01', '99000019800101001X'), { ...patient('王芳', '1981-01-01'), identifier: [{ system: 'urn:qiao:document:passport', value: '99000019800101001X' }] })).toBe(false);
  });
  it('has the same name, and the birth date or the telephone', () => {
    expect(isLikely(patient('买买提·艾力', '1980-01-01'), patient('买买提 艾力', '1980-01-01'))).toBe(true);
    expect(isLikely(patient('林海', '1980-01-01', '', '138 0000 0000'), patient('林海', '1990-01-01', '', '+8613800000000'))).toBe(true);
    expect(isLikely(patient('林海', '1980-01-01'), patient('林海', '1980-01-02'))).toBe(false);
    expect(isLikely(patient('林海', '1980-01-01'), patient('林河', '1980-01-01'))).toBe(false);
    expect(isLikely(patient('林海', '1980-01-01', '', '110'), patient('林海', '1990-01-01', '', '110'))).toBe(false);
  });
});
