import { describe, expect, it } from 'vitest';
import { checkCharacter, readNationalId } from './national_id';
import { defectsOf, documentKindOf, kEmptyRegistration, toPatient, type Registration } from './registration';

const today = new Date('2026-06-01T00:00:00Z');
/** Region 999999 is assigned to no place. */
const numberFor = (first17: string) => first17 + checkCharacter(first17);
const good: Registration = { ...kEmptyRegistration, name: '林小海', sex: 'male', birthDate: '1985-02-28', number: numberFor('99999919850228001'), phone: '138 0000 0000' };

describe('national id', () => {
  it('knows the example of the standard', () => {
    expect(checkCharacter('11010519491231002')).toBe('X');
    expect(readNationalId('11010519491231002x', today)).toEqual({ birthDate: '1949-12-31', sex: 'female' });
  });
  it('names what is wrong', () => {
    expect(readNationalId('1101051949123100', today)).toBe('length');
    expect(readNationalId('11010519491231A02X', today)).toBe('character');
    expect(readNationalId(numberFor('99999919850230001'), today)).toBe('birth_date');
    expect(readNationalId(numberFor('99999920270101001'), today)).toBe('birth_date');
  });
  it('refuses every single wrong digit and every swap of neighbours', () => {
    const right = numberFor('99999919850228001');
    for (let at = 0; at < 17; at += 1) {
      for (let digit = 0; digit < 10; digit += 1) {
        if (right[at] === String(digit)) continue;
        const wrong = right.slice(0, at) + digit + right.slice(at + 1);
        expect(typeof readNationalId(wrong, today)).toBe('string');
      }
      const swapped = right.slice(0, at) + right[at + 1] + right[at] + right.slice(at + 2);
      if (swapped !== right) expect(typeof readNationalId(swapped, today)).toBe('string');
    }
  });
});

describe('registration', () => {
  it('accepts a whole form and makes a Patient of it', () => {
    expect(defectsOf(good, today)).toEqual({});
    expect(toPatient(good)).toEqual({
      resourceType: 'Patient',
      name: [{ use: 'official', text: '林小海' }],
      birthDate: '1985-02-28',
      gender: 'male',
      identifier: [{ use: 'official', system: 'urn:oid:2.16.156.10011.1.3', value: good.number }],
      telecom: [{ system: 'phone', use: 'mobile', value: '13800000000' }],
    });
  });
  it('compares the number with birth date and sex', () => {
    expect(defectsOf({ ...good, birthDate: '1985-02-27' }, today).number).toBe('patients.defect.national_id.other_birth_date');
    expect(defectsOf({ ...good, sex: 'female' }, today).number).toBe('patients.defect.national_id.other_sex');
  });
  it('wants a reason where there is no document', () => {
    const none: Registration = { ...good, document: 'none', number: '' };
    expect(defectsOf(none, today)).toEqual({ noIdReason: 'patients.defect.no_id_reason' });
    expect(defectsOf({ ...none, noIdReason: 'unconscious' }, today)).toEqual({});
    expect(toPatient({ ...none, noIdReason: 'unconscious' }).identifier).toBeUndefined();
  });
  it('wants everything else', () => {
    expect(Object.keys(defectsOf({ ...kEmptyRegistration, document: 'passport', phone: 'abc' }, today)).sort()).toEqual(['birthDate', 'name', 'number', 'phone', 'sex']);
    expect(defectsOf({ ...good, birthDate: '2026-06-02', document: 'birth', number: 'B1' }, today)).toEqual({ birthDate: 'patients.defect.birth_date_future' });
  });
  it('reads back the kind of a document', () => {
    expect(documentKindOf('urn:qiao:document:passport')).toBe('passport');
    expect(documentKindOf('urn:qiao:document:martian')).toBe('other');
    expect(documentKindOf('urn:qiao:temporary')).toBe('temporary');
    expect(documentKindOf('urn:oid:2.25.1')).toBeUndefined();
  });
});
