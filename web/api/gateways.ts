/** Gateways in the networks of institutions as `/imaging/gateways` keeps them, and what each said of itself last. */
import type { Device, Refusal } from './devices';
import { get, post, send } from './http';

export type GatewayState = 'waiting' | 'online' | 'late' | 'stopped' | 'offline' | 'lost' | 'ended';

export interface RefusedObject {
  digest: string;
  title: string;
  code: string;
  reason: string;
  at: string;
  bytes: number;
}

/** Everything is missing before the first report. */
export interface GatewayReport {
  version?: string;
  started?: string;
  queueObjects?: number;
  queueBytes?: number;
  oldest?: string | null;
  bytesPerSecond?: number;
  diskPercent?: number;
  full?: boolean;
  sentObjects?: number;
  sentBytes?: number;
  lastObject?: string | null;
  lastError?: { code: string; at: string } | null;
  refusedCount?: number;
  callers?: Refusal[];
  refused?: RefusedObject[];
}

export interface Gateway {
  id: string;
  name: string;
  organisation?: { name: string; nameEn?: string; resource: string };
  state: GatewayState;
  created: string;
  enrolled: string | null;
  ended: string | null;
  codeUntil: string | null;
  lastReport: string | null;
  /** Its clock minus the centre's. */
  clockOffsetMs: number;
  report: GatewayReport;
}

export interface GatewayDetail extends Gateway {
  devices: Device[];
}

export interface MadeGateway {
  gateway: Gateway;
  code: string;
}

export const readGateways = async (signal?: AbortSignal) => (await get<{ gateways: Gateway[] }>('/imaging/gateways', signal ? { signal } : {})).gateways;
export const readGateway = (id: string, signal?: AbortSignal) => get<GatewayDetail>(`/imaging/gateways/${id}`, signal ? { signal } : {});
export const addGateway = (input: { name: string; organisation: string }) => post<MadeGateway>('/imaging/gateways', input);
export const renewGatewayCode = (id: string) => post<MadeGateway>(`/imaging/gateways/${id}/code`, {});
export const retryRefused = (id: string) => post<undefined>(`/imaging/gateways/${id}/retry`, {});
export const endGateway = (id: string) => send<undefined>('DELETE', `/imaging/gateways/${id}`);
/** What somebody has to look at. */
export const isPressing = (gateway: Gateway) => gateway.state === 'late' || gateway.state === 'lost';
