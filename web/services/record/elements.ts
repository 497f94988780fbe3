/** Reading a resource of any type: its elements by path, its references, and what a person calls them. Element names: FHIR R4 (hl7.org/fhir/R4). */
import { isExactObject, leafText, stringIn, type Exact, type ExactObject } from '../../api/exact_json';

export type Path = readonly (string | number)[];

/** "name[0].given[1]", as FHIRPath and the diff say it. */
export const pathText = (path: Path): string => path.map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? part : `.${part}`)).join('');

/** The path behind a FHIRPath of an OperationOutcome, without the type it begins with: "Patient.name[0]" → "name[0]"; undefined for another kind of expression. */
export function pathOfExpression(expression: string, type: string): string | undefined {
  const plain = expression.replace(/\.ofType\(\w+\)/g, '').replace(/^\/?f:/, '').replace(new RegExp(`^${type}(\\.|$)`), '');
  return /^([A-Za-z_]\w*(\[\d+\])?(\.|$))*$/.test(plain) ? plain : undefined;
}

/** The path of what is there: "name.given" is "name[0].given[0]" where these are lists; what is missing leads to its parent. */
export function presentPath(resource: ExactObject, text: string): string {
  const path: (string | number)[] = [];
  let at: Exact | undefined = resource;
  for (const part of text.split('.').filter(Boolean)) {
    const match = /^(\w+)(?:\[(\d+)\])?$/.exec(part);
    if (!match || !isExactObject(at)) break;
    const container: ExactObject = at;
    // value in an expression is valueQuantity in the text
    const name = match[1]! in container ? match[1]! : Object.keys(container).find((one) => new RegExp(`^${match[1]!}[A-Z]`).test(one));
    if (!name) break;
    const next: Exact = container[name]!;
    path.push(name);
    if (Array.isArray(next)) {
      const index = Math.min(Number(match[2] ?? 0), next.length - 1);
      path.push(index);
      at = next[index];
    } else at = next;
  }
  return pathText(path);
}

/** "Patient/1" of a reference into this server, with its version if it names one; undefined for any other. */
export function localReference(reference: string | undefined): { to: string; version?: string } | undefined {
  if (!reference) return undefined;
  const own = `${globalThis.location?.origin ?? ''}/fhir/`;
  const relative = reference.startsWith(own) ? reference.slice(own.length) : reference;
  const match = /^([A-Z][A-Za-z]+\/[A-Za-z0-9.-]{1,64})(?:\/_history\/(\w+))?$/.exec(relative);
  return match ? { to: match[1]!, ...(match[2] ? { version: match[2] } : {}) } : undefined;
}

const listOf = (value: Exact | undefined): Exact[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** A value of any data type in a few words; empty when there are none. */
export function shortText(value: Exact | undefined): string {
  if (value === undefined) return '';
  if (Array.isArray(value)) return value.map(shortText).filter(Boolean).join(', ');
  if (!isExactObject(value)) return leafText(value);
  const text = stringIn(value['text']);
  if (text) return text;
  if ('coding' in value) return listOf(value['coding']).map(shortText).find(Boolean) ?? '';
  if ('reference' in value || 'display' in value || 'code' in value) {
    const unit = stringIn(value['unit']);
    if (value['value'] !== undefined) return [leafText(value['value']), unit ?? stringIn(value['code'])].filter(Boolean).join(' ');
    return stringIn(value['display']) ?? stringIn(value['code']) ?? stringIn(value['reference']) ?? '';
  }
  if ('value' in value) return [stringIn(value['comparator']), leafText(value['value']!), stringIn(value['unit'])].filter(Boolean).join(' ');
  if ('family' in value || 'given' in value) {
    const given = listOf(value['given']).map((one) => leafText(one)).join(' ');
    const family = stringIn(value['family']) ?? '';
    return /[\u3400-\u9fff]/.test(family + given) ? family + given.replaceAll(' ', '') : [given, family].filter(Boolean).join(' ');
  }
  if ('start' in value || 'end' in value) return `${stringIn(value['start']) ?? ''} – ${stringIn(value['end']) ?? ''}`;
  if ('numerator' in value) return `${shortText(value['numerator'])} / ${shortText(value['denominator'])}`;
  return '';
}

/** First element that is there, of several names; `value` means any of value[x]. */
export function pick(resource: ExactObject, names: readonly string[]): Exact | undefined {
  for (const name of names) {
    if (resource[name] !== undefined) return resource[name];
    if (name.endsWith('[x]')) {
      const stem = name.slice(0, -3);
      const found = Object.keys(resource).find((one) => one.startsWith(stem) && /^[A-Z]/.test(one.slice(stem.length)));
      if (found) return resource[found];
    }
  }
  return undefined;
}

export interface Column {
  /** Key of its heading: fhir.column.<name>. */
  name: string;
  elements: readonly string[];
}

const kWhat: Column = { name: 'what', elements: ['code', 'name', 'title', 'medication[x]', 'type', 'vaccineCode', 'serviceType', 'class', 'description', 'topic', 'url', 'kind', 'category', 'purpose', 'scope', 'activity', 'identifier'] };
const kStatus: Column = { name: 'status', elements: ['status', 'clinicalStatus', 'active', 'docStatus'] };
const kDate: Column = {
  name: 'date',
  elements: ['effective[x]', 'performed[x]', 'occurrence[x]', 'onset[x]', 'date', 'dateTime', 'period', 'authoredOn', 'recorded', 'recordedDate', 'issued', 'started', 'created', 'start', 'sent', 'authored', 'dateAsserted', 'whenHandedOver'],
};
const kWhom: Column = { name: 'subject', elements: ['subject', 'patient', 'for', 'beneficiary', 'individual', 'organization', 'managingOrganization', 'partOf', 'target'] };

const kColumns: Record<string, readonly Column[]> = {
  Patient: [{ name: 'name', elements: ['name'] }, { name: 'gender', elements: ['gender'] }, { name: 'birth', elements: ['birthDate'] }, { name: 'identifier', elements: ['identifier'] }, { name: 'organization', elements: ['managingOrganization'] }],
  Practitioner: [{ name: 'name', elements: ['name'] }, { name: 'status', elements: ['active'] }, { name: 'qualification', elements: ['qualification'] }],
  PractitionerRole: [{ name: 'practitioner', elements: ['practitioner'] }, { name: 'code', elements: ['code'] }, { name: 'organization', elements: ['organization'] }, { name: 'date', elements: ['period'] }],
  Organization: [{ name: 'name', elements: ['name'] }, { name: 'code', elements: ['type'] }, { name: 'status', elements: ['active'] }, { name: 'organization', elements: ['partOf'] }],
  Observation: [{ name: 'code', elements: ['code'] }, { name: 'value', elements: ['value[x]', 'dataAbsentReason', 'component'] }, kStatus, kDate, kWhom],
  Encounter: [{ name: 'code', elements: ['class', 'type'] }, kStatus, kDate, kWhom],
  Provenance: [{ name: 'what', elements: ['activity'] }, { name: 'date', elements: ['recorded'] }, { name: 'target', elements: ['target'] }],
};

export const columnsOf = (type: string): readonly Column[] => kColumns[type] ?? [kWhat, kStatus, kDate, kWhom];

/** What a cell shows: several parts of a list in one line. */
export function cellText(resource: ExactObject, column: Column): string {
  const value = pick(resource, column.elements);
  if (column.name === 'identifier' || column.elements[0] === 'identifier') return listOf(value).map((one) => (isExactObject(one) ? leafText(one['value'] ?? '') : '')).filter(Boolean).slice(0, 2).join(', ');
  if (column.name === 'name') return listOf(value).map(shortText)[0] ?? '';
  const references = listOf(value).map((one) => (isExactObject(one) && 'reference' in one ? (stringIn(one['display']) ?? stringIn(one['reference']) ?? '') : ''));
  if (references.some(Boolean)) return references.filter(Boolean).slice(0, 2).join(', ');
  if (column.name === 'value' && Array.isArray(value)) {
    const values = value.map((one) => (isExactObject(one) ? shortText(pick(one, ['value[x]'])) : '')).filter(Boolean);
    return values.join(' / ');
  }
  return shortText(value);
}
