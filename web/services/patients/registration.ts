/** The registration form and the FHIR Patient that it becomes. */
import type { Patient } from '../../api/fhir';
import { readNationalId } from './national_id';

export const kDocumentKinds = ['national_id', 'passport', 'hkmt_permit', 'military', 'birth', 'other', 'none'] as const;
export type DocumentKind = (typeof kDocumentKinds)[number];
export const kNoIdReasons = ['not_at_hand', 'newborn', 'unconscious', 'refused', 'none_issued'] as const;

export interface Registration {
  name: string;
  sex: '' | 'male' | 'female' | 'other' | 'unknown';
  birthDate: string;
  document: DocumentKind;
  number: string;
  noIdReason: string;
  phone: string;
  address: string;
}

export const kEmptyRegistration: Registration = { name: '', sex: '', birthDate: '', document: 'national_id', number: '', noIdReason: '', phone: '', address: '' };

const kNationalIdSystem = 'urn:oid:2.16.156.10011.1.3';
const kOtherDocumentSystem = 'urn:qiao:document:';

export type RegistrationDefects = Partial<Record<keyof Registration, string>>;

/** What is missing or contradicts itself, as keys of texts; empty = may be sent. */
export function defectsOf(form: Registration, today: Date = new Date()): RegistrationDefects {
  const defects: RegistrationDefects = {};
  if (form.name.trim() === '') defects.name = 'patients.defect.name';
  if (form.sex === '') defects.sex = 'patients.defect.sex';
  if (!/^\d{4}-\d{2}-\d{2}$/.test(form.birthDate)) defects.birthDate = 'patients.defect.birth_date';
  else if (Date.parse(form.birthDate) > today.getTime()) defects.birthDate = 'patients.defect.birth_date_future';
  if (form.document === 'none') {
    if (form.noIdReason === '') defects.noIdReason = 'patients.defect.no_id_reason';
  } else if (form.document === 'national_id') {
    const read = readNationalId(form.number, today);
    if (typeof read === 'string') defects.number = `patients.defect.national_id.${read}`;
    else if (form.birthDate !== '' && read.birthDate !== form.birthDate) defects.number = 'patients.defect.national_id.other_birth_date';
    else if ((form.sex === 'male' || form.sex === 'female') && read.sex !== form.sex) defects.number = 'patients.defect.national_id.other_sex';
  } else if (form.number.trim() === '') defects.number = 'patients.defect.number';
  if (form.phone.trim() !== '' && !/^\+?[\d -]{5,20}$/.test(form.phone.trim())) defects.phone = 'patients.defect.phone';
  return defects;
}

export function toPatient(form: Registration): Patient {
  const patient: Patient = {
    resourceType: 'Patient',
    name: [{ use: 'official', text: form.name.trim() }],
    birthDate: form.birthDate,
  };
  if (form.sex !== '') patient.gender = form.sex;
  if (form.document === 'national_id') patient.identifier = [{ use: 'official', system: kNationalIdSystem, value: form.number.trim().toUpperCase() }];
  else if (form.document !== 'none') patient.identifier = [{ use: 'official', system: kOtherDocumentSystem + form.document, value: form.number.trim() }];
  if (form.phone.trim() !== '') patient.telecom = [{ system: 'phone', use: 'mobile', value: form.phone.replace(/[\s-]/g, '') }];
  if (form.address.trim() !== '') patient.address = [{ text: form.address.trim() }];
  return patient;
}

/** Which kind of paper an identifier of a stored patient is; undefined = a number of an institution. */
export function documentKindOf(system: string | undefined): DocumentKind | 'temporary' | undefined {
  if (system === kNationalIdSystem) return 'national_id';
  if (system === 'urn:qiao:temporary') return 'temporary';
  if (!system?.startsWith(kOtherDocumentSystem)) return undefined;
  const kind = system.slice(kOtherDocumentSystem.length);
  return (kDocumentKinds as readonly string[]).includes(kind) ? (kind as DocumentKind) : 'other';
}
