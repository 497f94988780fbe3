/** Subscriptions as the record browser shows and keeps them: how each stands, and what its owner or the operator does with it. */
import { ask } from './record';

export interface SubscriptionRow {
  id: string;
  status: 'requested' | 'active' | 'error' | 'off';
  owner: string;
  mine: boolean;
  /** Whether the resource may be read; else `criteria` comes without its values. */
  readable: boolean;
  criteria: string;
  channel: 'rest-hook' | 'websocket';
  endpoint: string;
  content: 'none' | 'resource' | 'empty' | 'id-only' | 'full-resource';
  events: number;
  backlog: number;
  attempts: number;
  failure: string;
  failingSince?: string;
  lastDelivery?: string;
  lastContact?: string;
  nextAttempt?: string;
  end?: string;
}

export interface SubscriptionList {
  now: string;
  subscriptions: SubscriptionRow[];
}

export const readSubscriptions = async (signal?: AbortSignal): Promise<SubscriptionList> => (await ask<SubscriptionList>('GET', '/fhir/Subscription/$backlog', signal ? { signal } : {})).data;

const act = (id: string, name: string) => ask<unknown>('POST', `/fhir/Subscription/${encodeURIComponent(id)}/${name}`);
export const pauseSubscription = (id: string) => act(id, '$pause');
export const resumeSubscription = (id: string) => act(id, '$resume');

export interface Tested {
  arrived: boolean;
  status: number;
  failure: string;
}
export const testSubscription = async (id: string): Promise<Tested> => (await ask<Tested>('POST', `/fhir/Subscription/${encodeURIComponent(id)}/$test`)).data;
export const removeSubscription = (id: string) => ask<unknown>('DELETE', `/fhir/Subscription/${encodeURIComponent(id)}`);

const fhir = (resource: object) => ({ bytes: new Blob([JSON.stringify(resource)]), headers: { 'Content-Type': 'application/fhir+json' } });

/** Throws what the server says against it. */
export const checkCriteria = (criteria: string) => ask<unknown>('POST', '/fhir/Subscription/$check', fhir({ resourceType: 'Parameters', parameter: [{ name: 'criteria', valueString: criteria }] }));

export interface NewSubscription {
  criteria: string;
  reason: string;
  channel: SubscriptionRow['channel'];
  endpoint: string;
  content: SubscriptionRow['content'];
  header: string;
}

const kContent = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content';

export function createSubscription(one: NewSubscription) {
  const carries = one.content !== 'none';
  const backport = carries && one.content !== 'resource';
  const channel = {
    type: one.channel,
    ...(one.channel === 'rest-hook' ? { endpoint: one.endpoint } : {}),
    ...(carries ? { payload: 'application/fhir+json' } : {}),
    ...(backport ? { _payload: { extension: [{ url: kContent, valueCode: one.content }] } } : {}),
    ...(one.header && one.channel === 'rest-hook' ? { header: [one.header] } : {}),
  };
  return ask<unknown>('POST', '/fhir/Subscription', fhir({ resourceType: 'Subscription', status: 'requested', reason: one.reason, criteria: one.criteria, channel }));
}
