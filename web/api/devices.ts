/** DICOM devices as `/imaging/devices` keeps them, what they did last, and who was refused. */
import { get, post, send } from './http';

export interface Device {
  id: string;
  title: string;
  address: string;
  port: number;
  organisation?: { name: string; nameEn?: string; resource: string };
  issuer: string;
  charset: string;
  mayStore: boolean;
  /** Of the gateway that lets it in; empty = it calls the centre itself. */
  gateway: string;
  /** At a gateway: its studies are sent before all others. */
  first: boolean;
  local: boolean;
  demo?: boolean;
  lastAssociation: string | null;
  lastObject: string | null;
  objects: number;
}

export interface Refusal {
  at: string;
  count: number;
  kind: 'association' | 'object';
  calling: string;
  called: string;
  address: string;
  code: string;
  reason: string;
}

export interface Devices {
  own: { title: string; address: string; port: number };
  devices: Device[];
  refusals: Refusal[];
}

export interface DeviceInput {
  title: string;
  address: string;
  port: number;
  organisation: string;
  issuer: string;
  charset: string;
  mayStore: boolean;
  gateway: string;
  first: boolean;
}

export const readDevices = (signal?: AbortSignal) => get<Devices>('/imaging/devices', signal ? { signal } : {});
export const addDevice = (input: DeviceInput) => post<Device>('/imaging/devices', input);
export const changeDevice = (id: string, input: DeviceInput) => send<Device>('PUT', `/imaging/devices/${id}`, { body: input });
export const removeDevice = (id: string) => send<undefined>('DELETE', `/imaging/devices/${id}`);
export const testDevice = (id: string) => post<{ milliseconds: number }>(`/imaging/devices/${id}/echo`, {});
