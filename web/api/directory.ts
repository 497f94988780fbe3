/** Institutions that a request may go to: those with which one of the caller's has an active contract. */
import { get } from './http';

export interface Receiver {
  reference: string;
  name: string;
  name_en?: string;
}

interface Organisation {
  name: string;
  nameEn?: string;
  resource: string;
}

export async function readReceivers(signal?: AbortSignal): Promise<Receiver[]> {
  const answer = await get<{ organisations: Organisation[] }>('/access/organisations?service=consult', signal ? { signal } : {});
  return answer.organisations.map((one) => ({ reference: one.resource, name: one.name, ...(one.nameEn ? { name_en: one.nameEn } : {}) }));
}
