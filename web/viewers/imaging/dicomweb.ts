/**
 * The viewer's requests to `/dicomweb`: series of a study, metadata of a series, one frame. The session
 * cookie goes along (same origin) and nothing else; every request can be cancelled.
 */
import { date, number, personName, text, texts, type DicomObject } from './dicom_json';
import { positionOf } from './geometry';
import { firstPart, type Part } from './multipart';

const kRoot = '/dicomweb';
const kJson = 'application/dicom+json';
const kFrames = 'multipart/related; type="application/octet-stream"; transfer-syntax=*';

/** A request that did not succeed. `status` 0: no answer at all. `code`: the server's, where it sent one. */
export class RequestProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string | undefined,
  ) {
    super(code ?? `http ${status}`);
  }
}

export interface Series {
  seriesUid: string;
  number: number | undefined;
  modality: string;
  description: string | undefined;
  bodyPart: string | undefined;
  instances: number | undefined;
  syntaxes: string[]; // as far as the server tells (0008,3002)
}

/** One displayable image: a frame of an instance. */
export interface Frame {
  imageId: string;
  path: string;
  sopInstanceUid: string;
  frame: number;
  frames: number;
  object: DicomObject;
  early?: Promise<Part>; // pixels asked for before the viewer's code was there; taken once
}

async function problemOf(response: Response): Promise<RequestProblem> {
  let code: string | undefined;
  if (/json/.test(response.headers.get('content-type') ?? '')) {
    const body: unknown = await response.json().catch(() => undefined);
    const issue = (body as { issue?: { details?: { coding?: { code?: string }[] } }[] } | undefined)?.issue?.[0];
    code = (body as { code?: string } | undefined)?.code ?? issue?.details?.coding?.[0]?.code;
  }
  return new RequestProblem(response.status, code);
}

/** One more try after a busy answer or a broken line; refusals are final. */
async function request(path: string, accept: string, signal: AbortSignal): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    let problem: RequestProblem;
    let wait_ms = 400;
    try {
      const response = await fetch(path, { headers: { Accept: accept }, credentials: 'same-origin', signal });
      if (response.ok) return response;
      problem = await problemOf(response);
      wait_ms = Math.min(5, Number(response.headers.get('retry-after')) || 0.4) * 1000;
    } catch (error) {
      if (signal.aborted) throw error;
      problem = new RequestProblem(0, undefined);
    }
    const worthAnother = problem.status === 0 || problem.status === 429 || problem.status === 503;
    if (!worthAnother || attempt >= 2) throw problem;
    await new Promise((resolve) => setTimeout(resolve, wait_ms));
    signal.throwIfAborted();
  }
}

async function json(path: string, signal: AbortSignal): Promise<DicomObject[]> {
  const response = await request(path, kJson, signal);
  if (response.status === 204) return [];
  const body: unknown = await response.json();
  if (!Array.isArray(body)) throw new RequestProblem(response.status, 'imaging.unreadable_answer');
  return body as DicomObject[];
}

function seriesPath(studyUid: string, seriesUid: string): string {
  return `${kRoot}/studies/${encodeURIComponent(studyUid)}/series/${encodeURIComponent(seriesUid)}`;
}

export async function listSeries(studyUid: string, signal: AbortSignal): Promise<Series[]> {
  const query = 'includefield=0008103E&includefield=00180015&includefield=00201209&includefield=00083002&limit=1000';
  const rows = await json(`${kRoot}/studies/${encodeURIComponent(studyUid)}/series?${query}`, signal);
  return rows
    .map((row) => ({
      seriesUid: text(row, '0020000E') ?? '',
      number: number(row, '00200011'),
      modality: text(row, '00080060') ?? '',
      description: text(row, '0008103E'),
      bodyPart: text(row, '00180015'),
      instances: number(row, '00201209'),
      syntaxes: texts(row, '00083002'),
    }))
    .filter((series) => series.seriesUid !== '')
    .sort((one, other) => (one.number ?? Infinity) - (other.number ?? Infinity) || one.seriesUid.localeCompare(other.seriesUid));
}

const kNative = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']);

/** The server draws native pixels only; where it does not tell the syntax, asking is the way to know. */
export function mayBeDrawn(syntaxes: readonly string[]): boolean {
  return syntaxes.every((syntax) => kNative.has(syntax));
}

export function thumbnailPath(studyUid: string, seriesUid: string): string {
  return `${seriesPath(studyUid, seriesUid)}/thumbnail?viewport=128,128`;
}

/** The server's picture of one frame at the window on screen: a preview, never what a diagnosis stands on. */
export function renderedPath(frame: Frame, window: { center: number; width: number } | undefined): string {
  const asked = window ? `&window=${window.center},${window.width},linear` : '';
  return `${frame.path.replace(/\/frames\/(\d+)$/, '/frames/$1/rendered')}?quality=80${asked}`;
}

/** The images of a series in reading order: instance number, then position, then UID; frames within an instance in theirs. */
export async function listFrames(studyUid: string, seriesUid: string, signal: AbortSignal): Promise<Frame[]> {
  const objects = await json(`${seriesPath(studyUid, seriesUid)}/metadata`, signal);
  const images = objects.filter((object) => (number(object, '00280010') ?? 0) > 0 && (number(object, '00280011') ?? 0) > 0);
  images.sort(inReadingOrder);
  return images.flatMap((object) => {
    const sopInstanceUid = text(object, '00080018') ?? '';
    const frames = Math.max(1, Math.floor(number(object, '00280008') ?? 1));
    return Array.from({ length: frames }, (_, index) => {
      const path = `${seriesPath(studyUid, seriesUid)}/instances/${encodeURIComponent(sopInstanceUid)}/frames/${index + 1}`;
      return { imageId: `wadors:${path}`, path, sopInstanceUid, frame: index + 1, frames, object };
    });
  });
}

function inReadingOrder(one: DicomObject, other: DicomObject): number {
  const byNumber = (number(one, '00200013') ?? Infinity) - (number(other, '00200013') ?? Infinity);
  if (byNumber && !Number.isNaN(byNumber)) return byNumber;
  const [z, otherZ] = [positionOf(one, 1)?.[2], positionOf(other, 1)?.[2]];
  if (z !== undefined && otherZ !== undefined && z !== otherZ) return z - otherZ;
  return (text(one, '00080018') ?? '').localeCompare(text(other, '00080018') ?? '');
}

/** The pixels of one frame as they lie in the archive. `onBytes` hears how much arrived. */
export async function fetchFrame(path: string, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<Part> {
  const response = await request(path, kFrames, signal);
  const body = await response.arrayBuffer();
  onBytes(body.byteLength);
  return firstPart(response.headers.get('content-type') ?? '', body);
}

/** A value that lies outside the header. Only addresses of this server are followed: the cookie goes along. */
export async function fetchBulk(uri: string, framePath: string, signal: AbortSignal): Promise<Uint8Array> {
  const address = new URL(uri, new URL(framePath, location.origin));
  if (address.origin !== location.origin || !address.pathname.startsWith(`${kRoot}/`)) throw new Error('bulk data outside the archive');
  const response = await request(address.pathname + address.search, 'multipart/related; type="application/octet-stream"', signal);
  return firstPart(response.headers.get('content-type') ?? '', await response.arrayBuffer()).bytes;
}

export interface PatientOfObject {
  name: string | undefined;
  id: string | undefined;
  sex: string | undefined;
  birthDate: string | undefined;
}

export function patientOf(object: DicomObject): PatientOfObject {
  return { name: personName(object, '00100010'), id: text(object, '00100020'), sex: text(object, '00100040'), birthDate: date(object, '00100030') };
}
