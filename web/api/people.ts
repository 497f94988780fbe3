/** People, roles, institutions and contracts as `/access` keeps them. */
import { get, post } from './http';

export interface Organisation {
  id: string;
  name: string;
  nameEn?: string;
  kind: string;
  resource: string;
}

export interface Member {
  id: string;
  practitioner: string;
  name: string;
  nameEn?: string;
  role: string;
  specialty?: string;
  rank?: string;
  organisation?: Organisation;
}

export const readOrganisations = (signal?: AbortSignal) =>
  get<{ organisations: Organisation[] }>('/access/organisations', signal ? { signal } : {}).then((answer) => answer.organisations);
export const readMembers = (signal?: AbortSignal) => get<{ people: Member[] }>('/access/directory', signal ? { signal } : {}).then((answer) => answer.people);
export const createOrganisation = (input: { kind: string; name: string; nameEn: string; parent: string }) => post<{ organisations: Organisation[] }>('/access/organisations', input);
export const createPerson = (input: { login: string; name: string; nameEn: string; password: string }) => post<{ id: string; practitioner: string }>('/access/people', input);
export const addMembership = (input: { practitioner: string; organisation: string; role: string; specialty: string; rank: string }) => post<{ id: string }>('/access/memberships', input);
export const endPerson = (practitioner: string) => post<undefined>(`/access/people/${practitioner.replace('Practitioner/', '')}/end`, {});
export const addContract = (input: { from: string; to: string; service: string }) => post<undefined>('/access/contracts', input);
