/** The few FHIR R4 shapes that the pages read and write, and the searches they make. Searches are sent by POST: names and numbers never stand in an address. */
import { get, send } from './http';

export interface Coding {
  system?: string;
  code?: string;
  display?: string;
}
export interface CodeableConcept {
  coding?: Coding[];
  text?: string;
}
export interface Identifier {
  use?: string;
  type?: CodeableConcept;
  system?: string;
  value?: string;
}
export interface HumanName {
  use?: string;
  text?: string;
  family?: string;
  given?: string[];
}
export interface Patient {
  resourceType: 'Patient';
  id?: string;
  active?: boolean;
  identifier?: Identifier[];
  name?: HumanName[];
  telecom?: { system?: string; value?: string; use?: string }[];
  gender?: 'male' | 'female' | 'other' | 'unknown';
  deceasedDateTime?: string;
  birthDate?: string;
  address?: { text?: string }[];
  managingOrganization?: { reference?: string; display?: string };
  contact?: { name?: HumanName; telecom?: { system?: string; value?: string }[]; relationship?: CodeableConcept[] }[];
  extension?: unknown[];
  /** A joined record names the one that took its place, and the other way round. */
  link?: { other?: { reference?: string }; type?: string }[];
  meta?: { tag?: Coding[]; versionId?: string };
}

export interface Bundle<T> {
  resourceType: 'Bundle';
  total?: number;
  entry?: { resource?: T }[];
  link?: { relation: string; url: string }[];
}

export interface Organization {
  resourceType: 'Organization';
  id?: string;
  name?: string;
  alias?: string[];
  type?: CodeableConcept[];
  active?: boolean;
  partOf?: { reference?: string };
}

export const resourcesOf = <T>(bundle: Bundle<T>): T[] => (bundle.entry ?? []).flatMap((entry) => (entry.resource ? [entry.resource] : []));

export async function searchResources<T>(type: string, form: Record<string, string>, signal?: AbortSignal): Promise<T[]> {
  const answer = await send<Bundle<T>>('POST', `/fhir/${type}/_search`, { form, ...(signal ? { signal } : {}) });
  return resourcesOf(answer.data);
}

export const readResource = <T>(reference: string, signal?: AbortSignal) => get<T>(`/fhir/${reference}`, signal ? { signal } : {});

export async function createResource<T extends { resourceType: string; id?: string }>(resource: T): Promise<T> {
  const answer = await send<T>('POST', `/fhir/${resource.resourceType}`, { body: resource, headers: { Prefer: 'return=representation' } });
  if (answer.data?.id) return answer.data;
  const id = new RegExp(`/${resource.resourceType}/([^/]+)`).exec(answer.headers.get('Location') ?? '')?.[1];
  return { ...resource, ...(id ? { id } : {}) };
}

/** One search box: an ID number, a telephone, a birth date, or (part of) a name in characters or pinyin. */
export function patientQuery(typed: string): Record<string, string> | undefined {
  const text = typed.trim();
  if (text.length < 2 && !/[\u3400-\u9fff]/.test(text)) return undefined;
  const compact = text.replace(/[\s-]/g, '');
  if (/^\d{17}[\dXx]$/.test(compact)) return { identifier: compact.toUpperCase() };
  if (/^\d{4}-\d{1,2}-\d{1,2}$/.test(text)) {
    const [year = '', month = '', day = ''] = text.split('-');
    return { birthdate: `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}` };
  }
  if (/^\+?\d{7,15}$/.test(compact)) return { phone: compact };
  if (/\d/.test(compact)) return { identifier: compact };
  return { name: text };
}

export function nameOf(names: HumanName[] | undefined): string {
  const name = names?.find((one) => one.use === 'official') ?? names?.[0];
  if (!name) return '';
  if (name.text) return name.text;
  const given = (name.given ?? []).join(' ');
  const cjk = /[\u3400-\u9fff]/.test(`${name.family ?? ''}${given}`);
  return cjk ? `${name.family ?? ''}${given.replaceAll(' ', '')}` : [given, name.family].filter(Boolean).join(' ');
}

export const conceptText = (concept: CodeableConcept | undefined): string => concept?.text ?? concept?.coding?.find((coding) => coding.display)?.display ?? concept?.coding?.[0]?.code ?? '';
