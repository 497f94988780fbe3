/**
 * The request of a consultation as it is edited, and the `form` of the case API that it becomes. Each clinical
 * fact is "value, none, or not asked": a blank stays a defect until the doctor chooses one of the three.
 */
import type { RequestForm, Status, Urgency } from '../../api/flow';
import { consentDefectsOf, consentFromWire, consentToWire, kEmptyConsent, type ConsentState } from './consent_state';

export const kPurposes = ['diagnosis', 'treatment', 'transfer', 'second_opinion', 'follow_up'] as const;
export const kRanks = ['any', 'attending', 'associate_chief', 'chief'] as const;
export const kUrgencies: readonly Urgency[] = ['routine', 'urgent', 'emergency'];

export interface VitalSpec {
  code: string;
  unit: string;
  min: number;
  max: number;
  step: number;
}
/** Limits of typing, wide enough for any living body; the server has its own and refuses beyond them. */
export const kVitals: readonly VitalSpec[] = [
  { code: 'heart_rate', unit: '/min', min: 10, max: 300, step: 1 },
  { code: 'systolic', unit: 'mmHg', min: 30, max: 300, step: 1 },
  { code: 'diastolic', unit: 'mmHg', min: 10, max: 200, step: 1 },
  { code: 'temperature', unit: '°C', min: 20, max: 45, step: 0.1 },
  { code: 'respiratory_rate', unit: '/min', min: 2, max: 100, step: 1 },
  { code: 'spo2', unit: '%', min: 20, max: 100, step: 1 },
  { code: 'glucose', unit: 'mmol/L', min: 0.5, max: 60, step: 0.1 },
  { code: 'gcs', unit: '', min: 3, max: 15, step: 1 },
];

export interface ListFact {
  status: '' | Status;
  items: { text: string; note: string }[];
}

export interface RequestState {
  purpose: string;
  specialty: string;
  rank: string;
  urgency: '' | Urgency;
  receiver: string;
  summary: string;
  question: string;
  vitals: { status: '' | Status; taken: string; values: Record<string, string> };
  allergies: ListFact;
  drugs: ListFact;
  pregnancy: { status: '' | Status; value: '' | 'pregnant' | 'not_pregnant'; weeks: string };
  weight: { status: '' | Status; kg: string };
  attachments: '' | Status;
  consent: ConsentState;
  /** Sensitivity labels whose material the experts may see. */
  labelsShown: string[];
}

export const kEmptyRequest: RequestState = {
  purpose: '',
  specialty: '',
  rank: 'any',
  urgency: '',
  receiver: '',
  summary: '',
  question: '',
  vitals: { status: '', taken: '', values: {} },
  allergies: { status: '', items: [] },
  drugs: { status: '', items: [] },
  pregnancy: { status: '', value: '', weeks: '' },
  weight: { status: '', kg: '' },
  attachments: '',
  consent: kEmptyConsent,
  labelsShown: [],
};

export interface PatientFacts {
  sex: string | undefined;
  /** Whole years; undefined where the birth date is not known. */
  ageYears: number | undefined;
  /** Photos and studies that already lie in the case. */
  attached: number;
}

export const asksPregnancy = (patient: PatientFacts): boolean => patient.sex !== 'male';
export const isTooYoungForPregnancy = (patient: PatientFacts): boolean => patient.ageYears !== undefined && patient.ageYears < 10;
export const needsWeight = (patient: PatientFacts): boolean => patient.ageYears !== undefined && patient.ageYears < 14;
export const needsGuardian = (patient: PatientFacts): boolean => patient.ageYears !== undefined && patient.ageYears < 14;

export type Step = 'question' | 'facts' | 'material' | 'consent' | 'review';
export const kSteps: readonly Step[] = ['question', 'facts', 'material', 'consent', 'review'];

export interface Defect {
  step: Step;
  field: string;
  key: string;
}

function numberIn(typed: string): number | undefined {
  const text = typed.trim().replace(',', '.');
  if (text === '') return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? value : undefined;
}

export function vitalDefect(spec: VitalSpec, typed: string): boolean {
  if (typed.trim() === '') return false;
  const value = numberIn(typed);
  return value === undefined || value < spec.min || value > spec.max;
}

/** What still keeps the request from being sent, in the order of the steps. */
export function defectsOf(state: RequestState, patient: PatientFacts, now: Date = new Date()): Defect[] {
  const defects: Defect[] = [];
  const add = (step: Step, field: string, key: string) => defects.push({ step, field, key });
  if (state.purpose === '') add('question', 'purpose', 'consult.defect.choose');
  if (state.specialty === '') add('question', 'specialty', 'consult.defect.choose');
  if (state.urgency === '') add('question', 'urgency', 'consult.defect.choose');
  if (state.receiver === '') add('question', 'receiver', 'consult.defect.choose');
  if (state.summary.trim() === '') add('question', 'summary', 'consult.defect.write');
  if (state.question.trim() === '') add('question', 'question', 'consult.defect.write');
  factDefects(state, patient, now, add);
  if (state.attachments === '' && patient.attached === 0) add('material', 'attachments', 'consult.defect.choose');
  if (state.attachments === 'given' && patient.attached === 0) add('material', 'attachments', 'consult.defect.attachments');
  for (const { field, key } of consentDefectsOf(state.consent, needsGuardian(patient))) add('consent', field, key);
  return defects;
}

type Add = (step: Step, field: string, key: string) => void;

function factDefects(state: RequestState, patient: PatientFacts, now: Date, add: Add): void {
  const { vitals } = state;
  if (vitals.status === '') add('facts', 'vitals', 'consult.defect.three_way');
  if (vitals.status === 'given') {
    const typed = kVitals.filter((spec) => (vitals.values[spec.code] ?? '').trim() !== '');
    if (typed.length === 0) add('facts', 'vitals', 'consult.defect.one_value');
    for (const spec of typed) if (vitalDefect(spec, vitals.values[spec.code] ?? '')) add('facts', `vitals.${spec.code}`, 'consult.defect.value');
    if (vitals.taken === '') add('facts', 'vitals.taken', 'consult.defect.time');
    else if (Date.parse(vitals.taken) > now.getTime() + 120_000) add('facts', 'vitals.taken', 'consult.defect.future');
  }
  for (const name of ['allergies', 'drugs'] as const) {
    const fact = state[name];
    if (fact.status === '') add('facts', name, 'consult.defect.three_way');
    if (fact.status === 'given' && !fact.items.some((item) => item.text.trim() !== '')) add('facts', name, 'consult.defect.one_entry');
  }
  if (asksPregnancy(patient)) {
    const { status, value, weeks } = state.pregnancy;
    if (status === '' || (status === 'given' && value === '')) add('facts', 'pregnancy', 'consult.defect.choose');
    const count = numberIn(weeks);
    if (value === 'pregnant' && weeks.trim() !== '' && (count === undefined || count < 1 || count > 45)) add('facts', 'pregnancy.weeks', 'consult.defect.value');
  }
  if (needsWeight(patient)) {
    const kg = numberIn(state.weight.kg);
    if (state.weight.status === '') add('facts', 'weight', 'consult.defect.choose');
    if (state.weight.status === 'given' && (kg === undefined || kg < 0.3 || kg > 200)) add('facts', 'weight', 'consult.defect.value');
  }
}

/** The wire form; what was not filled in is left out, so that a half-written draft is a valid one too. */
export function toForm(state: RequestState, patient: PatientFacts): RequestForm {
  const form: RequestForm = { rank: state.rank, summary: state.summary, question: state.question };
  if (state.purpose !== '') form.purpose = state.purpose;
  if (state.specialty !== '') form.specialty = state.specialty;
  if (state.urgency !== '') form.urgency = state.urgency;
  if (state.receiver !== '') form.receiver = state.receiver;
  if (state.vitals.status === 'given') {
    const values = kVitals.flatMap((spec) => {
      const value = numberIn(state.vitals.values[spec.code] ?? '');
      return value === undefined ? [] : [{ code: spec.code, value }];
    });
    form.vitals = { status: 'given', values };
    if (state.vitals.taken !== '') form.vitals.taken = new Date(state.vitals.taken).toISOString();
  } else if (state.vitals.status !== '') form.vitals = { status: state.vitals.status };
  const allergies = listOut(state.allergies);
  if (allergies) form.allergies = { status: allergies.status, ...(allergies.items ? { items: allergies.items.map(({ text, note }) => ({ text, ...(note ? { reaction: note } : {}) })) } : {}) };
  const drugs = listOut(state.drugs);
  if (drugs) form.drugs = { status: drugs.status, ...(drugs.items ? { items: drugs.items.map(({ text, note }) => ({ text, ...(note ? { dose: note } : {}) })) } : {}) };
  if (asksPregnancy(patient) && state.pregnancy.status !== '') {
    form.pregnancy = { status: state.pregnancy.status };
    if (state.pregnancy.status === 'given' && state.pregnancy.value !== '') form.pregnancy.value = state.pregnancy.value;
    const weeks = numberIn(state.pregnancy.weeks);
    if (form.pregnancy.value === 'pregnant' && weeks !== undefined) form.pregnancy.weeks = weeks;
  }
  if (state.weight.status !== '') {
    form.weight = { status: state.weight.status };
    const kg = numberIn(state.weight.kg);
    if (state.weight.status === 'given' && kg !== undefined) form.weight.value_kg = kg;
  }
  if (patient.attached > 0) form.attachments = { status: 'given' };
  else if (state.attachments !== '') form.attachments = { status: state.attachments };
  if (state.consent.by !== '') form.consent = consentToWire(state.consent, needsGuardian(patient));
  if (state.labelsShown.length > 0) form.labels_shown = state.labelsShown;
  return form;
}

function listOut(fact: ListFact): { status: Status; items?: { text: string; note: string }[] } | undefined {
  if (fact.status === '') return undefined;
  if (fact.status !== 'given') return { status: fact.status };
  return { status: 'given', items: fact.items.map(({ text, note }) => ({ text: text.trim(), note: note.trim() })).filter(({ text }) => text !== '') };
}

/** A kept draft back into the editor. */
export function fromForm(form: RequestForm | null | undefined): RequestState {
  if (!form) return kEmptyRequest;
  return {
    purpose: form.purpose ?? '',
    specialty: form.specialty ?? '',
    rank: form.rank ?? 'any',
    urgency: form.urgency ?? '',
    receiver: form.receiver ?? '',
    summary: form.summary ?? '',
    question: form.question ?? '',
    vitals: {
      status: form.vitals?.status ?? '',
      taken: localMinute(form.vitals?.taken),
      values: Object.fromEntries((form.vitals?.values ?? []).map(({ code, value }) => [code, String(value)])),
    },
    allergies: { status: form.allergies?.status ?? '', items: (form.allergies?.items ?? []).map(({ text, reaction }) => ({ text, note: reaction ?? '' })) },
    drugs: { status: form.drugs?.status ?? '', items: (form.drugs?.items ?? []).map(({ text, dose }) => ({ text, note: dose ?? '' })) },
    pregnancy: { status: form.pregnancy?.status ?? '', value: form.pregnancy?.value ?? '', weeks: form.pregnancy?.weeks === undefined ? '' : String(form.pregnancy.weeks) },
    weight: { status: form.weight?.status ?? '', kg: form.weight?.value_kg === undefined ? '' : String(form.weight.value_kg) },
    attachments: form.attachments?.status ?? '',
    consent: consentFromWire(form.consent),
    labelsShown: form.labels_shown ?? [],
  };
}

/** "2026-11-21T15:50" of the own zone, as a datetime field wants it. */
export function localMinute(instant: string | Date | undefined): string {
  if (!instant) return '';
  const date = new Date(instant);
  if (Number.isNaN(date.getTime())) return '';
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Whole years on that day; nothing for a partial or future birth date. */
export function yearsAt(birthDate: string | undefined, at: Date = new Date()): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(birthDate ?? '');
  if (!match) return undefined;
  const [year, month, day] = match.slice(1).map(Number) as [number, number, number];
  const before = at.getMonth() + 1 < month || (at.getMonth() + 1 === month && at.getDate() < day);
  const years = at.getFullYear() - year - (before ? 1 : 0);
  return years < 0 ? undefined : years;
}
