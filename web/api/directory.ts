/** Institutions that a request may go to. */
import { searchResources, type Organization } from './fhir';

export interface Receiver {
  reference: string;
  name: string;
}

export async function readReceivers(own: readonly string[], signal?: AbortSignal): Promise<Receiver[]> {
  const found = await searchResources<Organization>('Organization', { _count: '200' }, signal);
  return found
    .filter((one) => one.id && one.active !== false && !own.includes(`Organization/${one.id}`))
    .map((one) => ({ reference: `Organization/${one.id}`, name: one.name ?? one.id ?? '' }));
}
