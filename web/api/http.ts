/**
 * The one place from which the application talks to the server. Every refusal becomes an `ApiError`
 * with the server's stable code; a broken line becomes one with a code of the client (`client.*`).
 */
export interface ErrorDetail {
  code: string;
  text: string;
  field: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: ErrorDetail[];
  readonly retryAfterS: number;
  /** The whole answer, for the few refusals that carry more than a code (likely duplicates). */
  readonly body: unknown;

  constructor(status: number, code: string, message: string, details: ErrorDetail[] = [], retryAfterS = 0, body?: unknown) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfterS = retryAfterS;
    this.body = body;
  }

  /** A request that may succeed when sent again unchanged: the line or the server was away. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

interface Outcome {
  resourceType?: string;
  issue?: {
    code?: string;
    diagnostics?: string;
    expression?: string[];
    details?: { text?: string; coding?: { code?: string }[] };
  }[];
}

export function errorFromOutcome(status: number, body: unknown, retryAfterS = 0): ApiError {
  const outcome = body as Outcome | undefined;
  const details = (outcome?.issue ?? []).map((issue) => ({
    code: issue.details?.coding?.[0]?.code ?? issue.code ?? 'unknown',
    text: issue.details?.text ?? issue.diagnostics ?? '',
    field: issue.expression?.[0] ?? '',
  }));
  const first = details[0];
  return new ApiError(status, first?.code ?? `http.${status}`, first?.text ?? '', details, retryAfterS, body);
}

type Ended = () => void;
let onSessionEnded: Ended = () => undefined;

/** Called by the session when it mounts: a 401 anywhere means that the session is over. */
export function whenSessionEnds(handler: Ended): void {
  onSessionEnded = handler;
}

export interface RequestOptions {
  body?: unknown;
  form?: Record<string, string>;
  bytes?: Blob | ArrayBuffer | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  timeoutMs?: number;
  /** The answer is a file: its bytes come as a Blob. */
  file?: boolean;
  /** A 401 of this request is an answer (wrong password), not the end of the session. */
  ownSession?: boolean;
}

export interface Answer<T> {
  data: T;
  status: number;
  headers: Headers;
}

/** So long an answer that was asked for before the application was there is a fresh one. */
const kEarly_ms = 10_000;

/** The answer of app/early.ts to this very request. Each once; none after anything else was done, such as a sign-in. */
function takeEarly(method: string, path: string): Promise<Response> | undefined {
  const early = globalThis.window?.qiaoEarly;
  if (!early) return undefined;
  if (method !== 'GET' || Date.now() - early.at > kEarly_ms) {
    early.answers.clear();
    return undefined;
  }
  const answer = early.answers.get(path);
  early.answers.delete(path);
  return answer;
}

export async function send<T>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
  const headers: Record<string, string> = { Accept: acceptOf(path), ...options.headers };
  let body: BodyInit | undefined;
  if (options.form) {
    headers['Content-Type'] = 'application/x-www-form-urlencoded';
    body = new URLSearchParams(options.form).toString();
  } else if (options.bytes) {
    headers['Content-Type'] ??= 'application/octet-stream';
    body = options.bytes;
  } else if (options.body !== undefined) {
    headers['Content-Type'] ??= path.startsWith('/fhir') ? 'application/fhir+json' : 'application/json';
    body = JSON.stringify(options.body);
  }
  const timeout = AbortSignal.timeout(options.timeoutMs ?? 30_000);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  let response: Response;
  try {
    response = await (takeEarly(method, path) ?? fetch(path, { method, headers, body: body ?? null, signal, credentials: 'same-origin', cache: 'no-store' }));
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError(0, timeout.aborted ? 'client.timeout' : 'client.no_connection', String(cause));
  }
  const brokeOff = () => {
    throw new ApiError(0, 'client.no_connection', 'the answer broke off');
  };
  if (options.file && response.ok) return { data: (await response.blob().catch(brokeOff)) as T, status: response.status, headers: response.headers };
  const text = await response.text().catch(brokeOff);
  let data: unknown;
  try {
    data = text ? JSON.parse(text) : undefined;
  } catch {
    if (response.ok) throw new ApiError(response.status, 'client.answer_not_understood', text.slice(0, 200));
  }
  if (!response.ok) {
    if (response.status === 401 && !options.ownSession) onSessionEnded();
    throw errorFromOutcome(response.status, data, Number(response.headers.get('Retry-After') ?? 0));
  }
  return { data: data as T, status: response.status, headers: response.headers };
}

function acceptOf(path: string): string {
  return path.startsWith('/fhir') ? 'application/fhir+json' : 'application/json';
}

export async function get<T>(path: string, options?: RequestOptions): Promise<T> {
  return (await send<T>('GET', path, options)).data;
}

export async function post<T>(path: string, body?: unknown, options?: RequestOptions): Promise<T> {
  return (await send<T>('POST', path, { ...options, body })).data;
}

/** Random id for `create_id`, `move_id` and uploads: the same act sent twice stays one act. */
export function newId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
