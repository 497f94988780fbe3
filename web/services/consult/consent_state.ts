/** A consent as it is asked for, and the `consent` of the case API that it becomes. */
import type { ConsentWire } from '../../api/consent';

export const kMethods = ['signature', 'thumbprint', 'paper'] as const;
export const kIdTypes = ['national_id', 'passport', 'residence_permit', 'other'] as const;
/** As the server counts them: letters of any script, no blanks. */
const kReasonLetters = 8;

export interface ConsentState {
  by: string;
  name: string;
  relation: string;
  idType: string;
  reason: string;
  told: boolean;
  method: string;
  signature: number;
  print: number;
  paper: number[];
  witness: { name: string; relation: string; signature: number };
  recording: '' | 'yes' | 'no';
  teaching: '' | 'yes' | 'no';
  /** Which words were on the screen. */
  language: string;
  textVersion: string;
  textDigest: string;
}

export const kEmptyConsent: ConsentState = {
  by: '',
  name: '',
  relation: '',
  idType: '',
  reason: '',
  told: false,
  method: 'signature',
  signature: 0,
  print: 0,
  paper: [],
  witness: { name: '', relation: '', signature: 0 },
  recording: '',
  teaching: '',
  language: '',
  textVersion: '',
  textDigest: '',
};

/** An adult's guardian and a relative stand in only with the doctor's reason. */
export const needsReason = (state: ConsentState, child: boolean): boolean => state.by === 'relative' || (state.by === 'guardian' && !child);

export const lettersOf = (text: string): number => [...text.replace(/\s/g, '')].length;

export interface ConsentDefect {
  field: string;
  key: string;
}

/** What is missing or wrong before it can be sent. */
export function consentDefectsOf(consent: ConsentState, child: boolean): ConsentDefect[] {
  const defects: ConsentDefect[] = [];
  const add = (field: string, key: string) => defects.push({ field: `consent.${field}`, key });
  if (consent.by === '') add('by', 'consult.defect.choose');
  if (child && consent.by !== '' && consent.by !== 'guardian') add('by', 'consult.defect.guardian');
  if (consent.name.trim() === '') add('name', 'consult.defect.write');
  if (consent.by !== '' && consent.by !== 'patient' && consent.relation.trim() === '') add('relation', 'consult.defect.write');
  if (needsReason(consent, child) && lettersOf(consent.reason) < kReasonLetters) add('reason', 'consult.defect.reason');
  if (!consent.told) add('told', 'consult.defect.told');
  if (consent.method === 'signature' && consent.signature === 0) add('signature', 'consult.defect.signature');
  if (consent.method === 'thumbprint') {
    if (consent.print === 0) add('print', 'consult.defect.print');
    if (consent.witness.name.trim() === '') add('witness.name', 'consult.defect.write');
    if (consent.witness.name.trim() !== '' && consent.witness.name.trim() === consent.name.trim()) add('witness.name', 'error.flow.witness_not_apart');
    if (consent.witness.relation.trim() === '') add('witness.relation', 'consult.defect.write');
    if (consent.witness.signature === 0) add('witness.signature', 'consult.defect.signature');
  }
  if (consent.method === 'paper' && consent.paper.length === 0) add('paper', 'consult.defect.paper');
  return defects;
}

export function consentToWire(consent: ConsentState, child: boolean): ConsentWire {
  const wire: ConsentWire = { by: consent.by, name: consent.name.trim(), told: consent.told, consultation: true, method: consent.method };
  if (consent.by !== 'patient') wire.relation = consent.relation.trim();
  if (consent.idType !== '') wire.id_type = consent.idType;
  if (needsReason(consent, child)) wire.reason = consent.reason.trim();
  if (consent.method === 'signature' && consent.signature > 0) wire.signature = consent.signature;
  if (consent.method === 'thumbprint') {
    if (consent.print > 0) wire.print = consent.print;
    wire.witness = { name: consent.witness.name.trim(), relation: consent.witness.relation.trim(), ...(consent.witness.signature > 0 ? { signature: consent.witness.signature } : {}) };
  }
  if (consent.method === 'paper') wire.paper = consent.paper;
  if (consent.recording !== '') wire.recording = consent.recording === 'yes';
  if (consent.teaching !== '') wire.teaching = consent.teaching === 'yes';
  if (consent.textVersion !== '') Object.assign(wire, { language: consent.language, text_version: consent.textVersion, text_digest: consent.textDigest });
  return wire;
}

const answerOf = (value: boolean | undefined): '' | 'yes' | 'no' => (value === undefined ? '' : value ? 'yes' : 'no');

export function consentFromWire(wire: ConsentWire | undefined): ConsentState {
  if (!wire) return kEmptyConsent;
  return {
    by: wire.by,
    name: wire.name,
    relation: wire.relation ?? '',
    idType: wire.id_type ?? '',
    reason: wire.reason ?? '',
    told: wire.told,
    method: wire.method ?? 'signature',
    signature: wire.signature ?? 0,
    print: wire.print ?? 0,
    paper: wire.paper ?? [],
    witness: { name: wire.witness?.name ?? '', relation: wire.witness?.relation ?? '', signature: wire.witness?.signature ?? 0 },
    recording: answerOf(wire.recording),
    teaching: answerOf(wire.teaching),
    language: wire.language ?? '',
    textVersion: wire.text_version ?? '',
    textDigest: wire.text_digest ?? '',
  };
}
