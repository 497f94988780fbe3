/**
 * What lies on this device, in one IndexedDB: `meta` (this device's number, keys wrapped by keys), `unsent` (work that the
 * server does not have), `reads` (what was read, for a day without a line). Only ids, times and kinds stand there in plain;
 * content is sealed (`seal.ts`). A device without a store rejects, and the callers go on in memory.
 */
const kDatabase = 'qiao.device';
export type StoreName = 'meta' | 'unsent' | 'reads';

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });
}

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= (async () => {
    const request = indexedDB.open(kDatabase, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('meta');
      for (const name of ['unsent', 'reads']) request.result.createObjectStore(name, { keyPath: 'id' }).createIndex('person', 'person');
    };
    const made = await settled(request);
    made.onclose = () => (opened = undefined);
    return made;
  })();
  opened.catch(() => (opened = undefined));
  return opened;
}

/** One transaction, durable when the promise resolves; `act` only makes requests and awaits nothing else. */
export async function change<T>(name: StoreName, act: (store: IDBObjectStore) => Promise<T> | T): Promise<T> {
  const transaction = (await database()).transaction(name, 'readwrite', { durability: 'strict' });
  const done = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB'));
  });
  done.catch(() => undefined);
  const result = await act(transaction.objectStore(name));
  await done;
  return result;
}

export const ask = settled;
const store = async (name: StoreName) => (await database()).transaction(name).objectStore(name);
export const readOne = async <T>(name: StoreName, key: string): Promise<T | undefined> => settled((await store(name)).get(key) as IDBRequest<T | undefined>);
export const readAll = async <T>(name: StoreName): Promise<T[]> => settled((await store(name)).getAll() as IDBRequest<T[]>);
export const readOf = async <T>(name: StoreName, person: string): Promise<T[]> => settled((await store(name)).index('person').getAll(person) as IDBRequest<T[]>);
export const putMeta = (key: string, value: unknown) => change('meta', (meta) => void meta.put(value, key));
export const put = <T extends { id: string; person: string }>(name: 'unsent' | 'reads', value: T) => change(name, (rows) => void rows.put(value));
export const drop = (name: StoreName, key: string) => change(name, (rows) => void rows.delete(key));
/** All of a person at once: whoever closes the page meanwhile leaves all or nothing. */
export const dropOf = (name: StoreName, person: string) =>
  change(name, async (rows) => {
    for (const key of await settled(rows.index('person').getAllKeys(person))) rows.delete(key);
  });
