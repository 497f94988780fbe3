/**
 * Where unsent uploads lie on this device: one sealed entry an upload, with the person whose it is. Nothing here expires: an
 * entry goes after the server's receipt or by the person's own discard.
 */
import { drop, put, readOf } from './device_db';
import { openBlob, sealBlob, type Seal, type Sealed } from './seal';

export interface StoredUpload {
  id: string;
  person: string;
  caseId: string;
  /** Number of the case, as people say it; names no patient. */
  number: string;
  kind: string;
  title: string;
  taken: string;
  contentType: string;
  blob: Blob;
  /** When it was added, in ms since 1970: the order in which they are shown. */
  added: number;
  /** The person pressed "send": it goes by itself whenever there is a line. */
  wanted: boolean;
  /** Set with the server's receipt where a form still has to take the number. */
  attachment?: number;
}

export interface UploadStore {
  all(person: string): Promise<StoredUpload[]>;
  put(upload: StoredUpload): Promise<void>;
  remove(id: string): Promise<void>;
}

interface Row {
  id: string;
  person: string;
  kind: 'upload';
  counts: boolean;
  sealed: Sealed;
}

let seal: Seal | undefined;
/** Of the person who is there; without one nothing is read or kept. */
export const setSealOfUploads = (of: Seal | undefined): void => {
  seal = of;
};
const labelOf = (person: string, id: string) => `qiao-upload-1 ${person} ${id}`;

export const deviceStore: UploadStore = {
  async all(person) {
    const used = seal;
    if (!used) throw new Error('no seal');
    const rows = (await readOf<Row>('unsent', person)).filter((row) => row.kind === 'upload');
    const opened = rows.map(async (row) => {
      const { head, bytes } = await openBlob<Omit<StoredUpload, 'blob'>>(used, labelOf(person, row.id), row.sealed);
      return { ...head, blob: new Blob([bytes], { type: head.contentType }) };
    });
    return Promise.all(opened);
  },
  async put({ blob, ...head }) {
    if (!seal) throw new Error('no seal');
    const sealed = await sealBlob(seal, labelOf(head.person, head.id), head, blob);
    await put('unsent', { id: head.id, person: head.person, kind: 'upload', counts: head.attachment === undefined, sealed } satisfies Row);
  },
  remove: (id) => drop('unsent', id),
};
