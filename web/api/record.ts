/** The record as `/fhir` gives it to the record browser: what is served, searches by POST, a resource with its digits, history, checks. */
import { actingClient, stopActing } from './acting_client';
import { parseExact, type ExactObject } from './exact_json';
import { ApiError, errorFromOutcome, send, type Answer, type RequestOptions } from './http';

export interface ServedParameter {
  name: string;
  type: string;
}

export interface ServedType {
  type: string;
  parameters: ServedParameter[];
  /** "Type:parameter" of each reference. */
  references: string[];
  validates: boolean;
}

export interface Served {
  types: ServedType[];
}

interface CapabilityStatement {
  rest?: {
    operation?: { name: string }[];
    resource?: { type: string; searchParam?: ServedParameter[]; searchInclude?: string[]; operation?: { name: string }[]; interaction?: { code: string }[] }[];
  }[];
}

/** With the token of the client that this tab works as, if there is one; its end is not the end of the person's session. */
export async function ask<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const client = actingClient();
  if (!client) return send<T>(method, path, options);
  try {
    return await send<T>(method, path, { ...options, ownSession: true, headers: { ...options.headers, Authorization: `Bearer ${client.token}` } });
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) stopActing();
    throw error;
  }
}

async function askExact(method: string, path: string, options: RequestOptions = {}): Promise<Answer<ExactObject>> {
  const answer = await ask<Blob>(method, path, { ...options, file: true });
  return { ...answer, data: parseExact(await answer.data.text()) as ExactObject };
}

const hasValidate = (operations: { name: string }[] | undefined) => (operations ?? []).some((one) => one.name.replace('$', '') === 'validate');

/** The rows of the audit are served by another search and have a page of their own. */
const kElsewhere = new Set(['AuditEvent']);

export async function readServed(signal?: AbortSignal): Promise<Served> {
  const { data } = await send<CapabilityStatement>('GET', '/fhir/metadata', signal ? { signal } : {});
  const rest = data.rest?.[0];
  const types = (rest?.resource ?? [])
    .filter((one) => !kElsewhere.has(one.type) && (one.interaction ?? []).some((each) => each.code === 'search-type'))
    .map((one) => ({ type: one.type, parameters: one.searchParam ?? [], references: one.searchInclude ?? [], validates: hasValidate(one.operation) || hasValidate(rest?.operation) }));
  return { types: types.sort((a, b) => a.type.localeCompare(b.type)) };
}

export interface FoundPage {
  resources: ExactObject[];
  /** Resources that came along with the found ones. */
  included: ExactObject[];
  total?: number;
  /** Query of the next page. */
  next?: string;
  /** What the server says beside the resources. */
  remarks: string[];
}

interface SearchSet {
  total?: string;
  link?: { relation: string; url: string }[];
  entry?: { resource: ExactObject; search?: { mode?: string } }[];
}

const asNumber = (exact: unknown): number | undefined => (typeof exact === 'string' ? Number(exact.replace('\u0000', '')) : undefined);
const nextOf = (links: { relation: string; url: string }[] | undefined): string | undefined => links?.find((one) => one.relation === 'next')?.url.split('?')[1];

export async function searchRecord(type: string, query: string, signal?: AbortSignal): Promise<FoundPage> {
  const bytes = new Blob([query]);
  const { data } = await askExact('POST', `/fhir/${type}/_search`, { bytes, headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, ...(signal ? { signal } : {}) });
  const bundle = data as unknown as SearchSet;
  const page: FoundPage = { resources: [], included: [], remarks: [] };
  for (const entry of bundle.entry ?? []) {
    if (entry.search?.mode === 'include') page.included.push(entry.resource);
    else if (entry.search?.mode === 'outcome') page.remarks.push(...errorFromOutcome(200, entry.resource).details.map((one) => one.text));
    else page.resources.push(entry.resource);
  }
  const total = asNumber(bundle.total);
  const next = nextOf(bundle.link);
  return { ...page, ...(total === undefined ? {} : { total }), ...(next === undefined ? {} : { next }) };
}

export async function countRecord(type: string, query: string): Promise<number> {
  const found = await searchRecord(type, `${query}${query ? '&' : ''}_summary=count`);
  return found.total ?? 0;
}

export const readExact = async (reference: string, signal?: AbortSignal): Promise<ExactObject> => (await askExact('GET', `/fhir/${reference}`, signal ? { signal } : {})).data;

export interface Version {
  version: string;
  at: string;
  act: 'create' | 'update' | 'delete';
  /** None of a deletion. */
  resource?: ExactObject;
}

export interface HistoryPage {
  versions: Version[];
  next?: string;
}

interface HistoryBundle {
  link?: { relation: string; url: string }[];
  entry?: { resource?: ExactObject; request: { method: string }; response: { etag?: string; lastModified?: string } }[];
}

const kActs: Record<string, Version['act']> = { POST: 'create', DELETE: 'delete' };

export async function readVersions(reference: string, query = '', signal?: AbortSignal): Promise<HistoryPage> {
  const { data } = await askExact('GET', `/fhir/${reference}/_history${query ? `?${query}` : ''}`, signal ? { signal } : {});
  const bundle = data as unknown as HistoryBundle;
  const versions = (bundle.entry ?? []).map((entry): Version => ({
    version: /"(.*)"/.exec(entry.response.etag ?? '')?.[1] ?? '',
    at: entry.response.lastModified ?? '',
    act: kActs[entry.request.method] ?? 'update',
    ...(entry.resource ? { resource: entry.resource } : {}),
  }));
  const next = nextOf(bundle.link);
  return { versions, ...(next === undefined ? {} : { next }) };
}

/** What may be said of a resource: severity and code of FHIR, the server's own code when it has one, and where. */
export interface Issue {
  severity: 'fatal' | 'error' | 'warning' | 'information';
  code: string;
  text: string;
  /** FHIRPath or an element of `location`; empty for the whole. */
  at: string;
}

interface OutcomeIssue {
  severity?: string;
  code?: string;
  diagnostics?: string;
  expression?: string[];
  location?: string[];
  details?: { text?: string; coding?: { code?: string }[] };
}

const kSeverities = ['fatal', 'error', 'warning', 'information'];

function issuesOf(outcome: unknown): Issue[] | undefined {
  const found = outcome as { resourceType?: string; issue?: OutcomeIssue[]; parameter?: { name?: string; resource?: unknown }[] } | undefined;
  // An operation may wrap its one answer in Parameters (FHIR R4 3.2.0.1).
  if (found?.resourceType === 'Parameters') return issuesOf(found.parameter?.find((one) => one.name === 'return')?.resource);
  if (found?.resourceType !== 'OperationOutcome') return undefined;
  return (found.issue ?? []).map((issue) => ({
    severity: (kSeverities.includes(issue.severity ?? '') ? issue.severity : 'error') as Issue['severity'],
    code: issue.details?.coding?.[0]?.code ?? issue.code ?? '',
    text: issue.details?.text ?? issue.diagnostics ?? '',
    at: issue.expression?.[0] ?? issue.location?.[0] ?? '',
  }));
}

/** `$validate` of FHIR R4 on a text as it is. `undefined`: the server does not serve it for this type. */
export async function validate(type: string, text: string): Promise<Issue[] | undefined> {
  try {
    const { data } = await ask<unknown>('POST', `/fhir/${type}/$validate`, { bytes: new Blob([text]), headers: { 'Content-Type': 'application/fhir+json' }, timeoutMs: 60_000 });
    return issuesOf(data) ?? [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 'record.unknown_operation' || error.status === 405 || error.status === 501) return undefined;
    const issues = [400, 412, 422].includes(error.status) ? issuesOf(error.body) : undefined;
    if (!issues) throw error;
    return issues;
  }
}
