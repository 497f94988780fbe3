import { describe, expect, it } from 'vitest';
import type { RequestForm } from '../../api/flow';
import { kEmptyConsent } from './consent_state';
import { defectsOf, fromForm, kEmptyRequest, kVitals, toForm, vitalDefect, yearsAt, type PatientFacts, type RequestState } from './request_form';

const now = new Date('2026-11-21T08:00:00Z');
const woman: PatientFacts = { sex: 'female', ageYears: 41, attached: 1 };
const child: PatientFacts = { sex: 'male', ageYears: 4, attached: 0 };
const whole: RequestState = {
  ...kEmptyRequest,
  purpose: 'diagnosis',
  specialty: 'neurosurgery',
  urgency: 'urgent',
  receiver: 'Organization/hub',
  summary: 'fell from a ladder',
  question: 'bleeding?',
  vitals: { status: 'given', taken: '2026-11-21T07:50', values: { heart_rate: '96', temperature: '36,8', glucose: '' } },
  allergies: { status: 'given', items: [{ text: ' penicillin ', note: 'rash' }, { text: '', note: '' }] },
  drugs: { status: 'none', items: [] },
  pregnancy: { status: 'given', value: 'pregnant', weeks: '20' },
  consent: { ...kEmptyConsent, by: 'patient', name: '林小海', told: true, signature: 3, recording: 'no', language: 'zh', textVersion: 'consult-1', textDigest: 'ab' },
};

describe('request to wire form', () => {
  it('maps each fact with its status', () => {
    const form = toForm(whole, woman);
    expect(form.vitals).toEqual({ status: 'given', taken: new Date('2026-11-21T07:50').toISOString(), values: [{ code: 'heart_rate', value: 96 }, { code: 'temperature', value: 36.8 }] });
    expect(form.allergies).toEqual({ status: 'given', items: [{ text: 'penicillin', reaction: 'rash' }] });
    expect(form.drugs).toEqual({ status: 'none' });
    expect(form.pregnancy).toEqual({ status: 'given', value: 'pregnant', weeks: 20 });
    expect(form.weight).toBeUndefined();
    expect(form.attachments).toEqual({ status: 'given' });
    expect(form.consent).toEqual({ by: 'patient', name: '林小海', told: true, consultation: true, method: 'signature', signature: 3, recording: false, language: 'zh', text_version: 'consult-1', text_digest: 'ab' });
  });
  it('leaves out what was not chosen, and pregnancy of males', () => {
    const form = toForm({ ...kEmptyRequest, pregnancy: { status: 'not_asked', value: '', weeks: '' } }, child);
    expect(form).toEqual({ rank: 'any', summary: '', question: '' });
  });
  it('comes back the same', () => {
    const form: RequestForm = toForm(whole, woman);
    expect(toForm(fromForm(form), woman)).toEqual(form);
    expect(fromForm(null)).toEqual(kEmptyRequest);
  });
});

describe('defects', () => {
  const fields = (state: RequestState, patient: PatientFacts) => defectsOf(state, patient, now).map((defect) => defect.field);
  it('finds none in a whole request', () => {
    expect(fields({ ...whole, vitals: { ...whole.vitals, taken: '2026-11-20T07:50' } }, woman)).toEqual([]);
  });
  it('never lets a fact stay blank', () => {
    expect(fields(kEmptyRequest, { ...woman, attached: 0 })).toEqual(['purpose', 'specialty', 'urgency', 'receiver', 'summary', 'question', 'vitals', 'allergies', 'drugs', 'pregnancy', 'attachments', 'consent.by', 'consent.name', 'consent.told', 'consent.signature']);
    expect(fields(kEmptyRequest, child)).toContain('weight');
    expect(fields(kEmptyRequest, child)).not.toContain('pregnancy');
  });
  it('wants a guardian for a child and a reason for a relative', () => {
    expect(fields(whole, { ...child, attached: 1 })).toEqual(expect.arrayContaining(['consent.by', 'weight']));
    expect(fields({ ...whole, consent: { ...whole.consent, by: 'relative' } }, woman)).toEqual(expect.arrayContaining(['consent.relation', 'consent.reason']));
  });
  it('wants a print with a witness who stands apart, and a sheet of paper', () => {
    const print = { ...whole.consent, method: 'thumbprint', signature: 0 };
    expect(fields({ ...whole, consent: print }, woman)).toEqual(expect.arrayContaining(['consent.print', 'consent.witness.name', 'consent.witness.relation', 'consent.witness.signature']));
    expect(fields({ ...whole, consent: { ...print, print: 4, witness: { name: '林小海', relation: 'self', signature: 5 } } }, woman)).toContain('consent.witness.name');
    expect(fields({ ...whole, consent: { ...whole.consent, method: 'paper' } }, woman)).toContain('consent.paper');
    expect(toForm({ ...whole, consent: { ...whole.consent, method: 'paper', paper: [7, 8] } }, woman).consent).toMatchObject({ method: 'paper', paper: [7, 8] });
  });
  it('wants the reason of an adult’s guardian in words', () => {
    const guardian = { ...whole.consent, by: 'guardian', relation: 'father', reason: '不清楚' };
    expect(fields({ ...whole, consent: guardian }, woman)).toContain('consent.reason');
    expect(fields({ ...whole, consent: { ...guardian, reason: '自幼智力障碍不能理解' } }, woman)).not.toContain('consent.reason');
    expect(fields({ ...whole, consent: guardian }, { ...child, attached: 1 })).not.toContain('consent.reason');
  });
  it('refuses values of no living body and times to come', () => {
    const bad = { ...whole, vitals: { status: 'given' as const, taken: '2027-01-01T00:00', values: { spo2: '120', heart_rate: 'x' } } };
    expect(fields(bad, woman)).toEqual(expect.arrayContaining(['vitals.spo2', 'vitals.heart_rate', 'vitals.taken']));
    for (const spec of kVitals) {
      expect(vitalDefect(spec, String(spec.min))).toBe(false);
      expect(vitalDefect(spec, String(spec.max))).toBe(false);
      expect(vitalDefect(spec, String(spec.max + spec.step))).toBe(true);
    }
  });
});

it('counts whole years to the day', () => {
  expect(yearsAt('2012-11-21', new Date(2026, 10, 21))).toBe(14);
  expect(yearsAt('2012-11-22', new Date(2026, 10, 21))).toBe(13);
  expect(yearsAt('2012', now)).toBeUndefined();
});
