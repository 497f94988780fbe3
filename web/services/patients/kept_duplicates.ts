/**
 * Without a line only the patients kept on this device can be compared with somebody who is registered: the same number of the
 * same paper, or the same name with the same birth date or telephone. The server compares with all, by its own rule, when the
 * registration arrives (`Patient/$match`).
 */
import { nameOf, type Patient } from '../../api/fhir';
import { keptReads } from '../../api/kept_reads';

const plain = (text: string | undefined): string => (text ?? '').normalize('NFKC').replace(/[\s·•-]/g, '').toUpperCase();
const numbersOf = (patient: Patient): string[] => (patient.identifier ?? []).flatMap((one) => (one.system && one.value && one.use !== 'old' ? [`${one.system}|${plain(one.value)}`] : []));
const kPhoneDigits = 8;
const phonesOf = (patient: Patient): string[] => (patient.telecom ?? []).flatMap((one) => (one.system === 'phone' && plain(one.value).length >= kPhoneDigits ? [plain(one.value).slice(-kPhoneDigits)] : []));
const share = (a: readonly string[], b: readonly string[]): boolean => a.some((one) => b.includes(one));

export function isLikely(a: Patient, b: Patient): boolean {
  if (share(numbersOf(a), numbersOf(b))) return true;
  if (plain(nameOf(a.name)) !== plain(nameOf(b.name))) return false;
  return (a.birthDate !== undefined && a.birthDate === b.birthDate) || share(phonesOf(a), phonesOf(b));
}

/** Of the patients kept here and of `others` those who may be this one, each once. */
export async function likelyOnDevice(patient: Patient, others: readonly Patient[]): Promise<Patient[]> {
  const kept = (await keptReads.readBeginning('patient').catch(() => [])).flat() as Patient[];
  const found = new Map<string, Patient>();
  for (const one of [...others, ...kept]) if (one?.resourceType === 'Patient' && one.id && isLikely(patient, one)) found.set(one.id, one);
  return [...found.values()];
}
