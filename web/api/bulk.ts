/** Bulk data as the record browser orders and shows it: exports and imports as jobs of the server. */
import { ask } from './record';

export interface BulkFile {
  name: string;
  kind: 'output' | 'deleted' | 'error';
  type: string;
  count: number;
  bytes: number;
}

export interface BulkJob {
  id: string;
  kind: 'export' | 'import';
  state: 'running' | 'complete' | 'failed' | 'cancelled';
  request: string;
  percent: number;
  /** Nobody works on it yet. */
  waiting: boolean;
  written: number;
  failed: number;
  lines: number;
  /** Why it failed: a code. */
  error: string;
  created: string;
  ended?: string;
  expires?: string;
  files: BulkFile[];
}

export interface BulkList {
  mayImport: boolean;
  jobs: BulkJob[];
}

/** A large file on a slow line. */
const kTransferMs = 6 * 3600_000;
const kAsync = { Prefer: 'respond-async' };

export const readJobs = async (signal?: AbortSignal): Promise<BulkList> => (await ask<BulkList>('GET', '/bulk', signal ? { signal } : {})).data;

export interface NewExport {
  level: 'system' | 'patient' | 'group';
  group: string;
  types: string;
  since: string;
  until: string;
  /** One search a line, "Observation?code=…". */
  filters: string;
  elements: string;
}

const kPaths = { system: () => '/fhir/$export', patient: () => '/fhir/Patient/$export', group: (one: NewExport) => `/fhir/Group/${encodeURIComponent(one.group.trim())}/$export` };

/** The form's local time as an instant. */
const instant = (local: string) => (local ? new Date(local).toISOString() : '');

/** Sent in the body, so that what is searched for stands in no log. */
export function orderExport(one: NewExport) {
  const listed = (text: string) => text.split(/[\s,]+/).filter(Boolean).join(',');
  const values: [string, string][] = [
    ['_type', listed(one.types)],
    ['_since', instant(one.since)],
    ['_until', instant(one.until)],
    ['_elements', listed(one.elements)],
    ...one.filters.split('\n').map((line): [string, string] => ['_typeFilter', line.trim()]),
  ];
  const parameter = values.filter(([, value]) => value).map(([name, valueString]) => ({ name, valueString }));
  return ask<unknown>('POST', kPaths[one.level](one), { body: { resourceType: 'Parameters', ...(parameter.length > 0 ? { parameter } : {}) }, headers: kAsync });
}

/** A file that ends in .json is one Bundle or resource, another has one a line. */
export const orderImport = (file: File, signal: AbortSignal) =>
  ask<unknown>('POST', '/fhir/$import', {
    bytes: file,
    headers: { ...kAsync, 'Content-Type': file.name.toLowerCase().endsWith('.json') ? 'application/fhir+json' : 'application/fhir+ndjson' },
    timeoutMs: kTransferMs,
    signal,
  });

export const endJob = (id: string) => ask<unknown>('DELETE', `/bulk/${id}`);

export const readFile = async (job: string, name: string): Promise<Blob> =>
  (await ask<Blob>('GET', `/bulk/${job}/files/${encodeURIComponent(name)}`, { file: true, timeoutMs: kTransferMs })).data;
