/**
 * Where unsent uploads lie on this device: IndexedDB, one entry an upload, with the person whose it is. Nothing
 * here expires: an entry goes after the server's receipt or by the person's own discard.
 */
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
  /** When it was added, in ms since 1970: the order in which they are shown and sent. */
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

const kDatabase = 'qiao.unsent';
const kUploads = 'uploads';

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });
}

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= (() => {
    const request = indexedDB.open(kDatabase, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(kUploads, { keyPath: 'id' }).createIndex('person', 'person');
    return settled(request);
  })();
  opened.catch(() => {
    opened = undefined;
  });
  return opened;
}

async function change(act: (uploads: IDBObjectStore) => void): Promise<void> {
  const transaction = (await database()).transaction(kUploads, 'readwrite', { durability: 'strict' });
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB'));
  });
  act(transaction.objectStore(kUploads));
  await done;
}

export const deviceStore: UploadStore = {
  all: async (person) => settled((await database()).transaction(kUploads).objectStore(kUploads).index('person').getAll(person) as IDBRequest<StoredUpload[]>),
  put: (upload) => change((uploads) => void uploads.put(upload)),
  remove: (id) => change((uploads) => void uploads.delete(id)),
};
