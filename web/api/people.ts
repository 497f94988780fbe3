/** People, roles, institutions and contracts as `/access` keeps them. */
import { get, post, send } from './http';

export interface Organisation {
  id: string;
  name: string;
  nameEn?: string;
  kind: string;
  resource: string;
  /** Its requests leave through its office. */
  officeApproval?: boolean;
}

export interface Member {
  id: string;
  practitioner: string;
  name: string;
  nameEn?: string;
  role: string;
  specialty?: string;
  rank?: string;
  licence?: string;
  licenceEnds?: string;
  languages?: string;
  organisation?: Organisation;
}

export const readOrganisations = (signal?: AbortSignal) =>
  get<{ organisations: Organisation[] }>('/access/organisations', signal ? { signal } : {}).then((answer) => answer.organisations);
export const readMembers = (signal?: AbortSignal) => get<{ people: Member[] }>('/access/directory', signal ? { signal } : {}).then((answer) => answer.people);
export const createOrganisation = (input: { kind: string; name: string; nameEn: string; parent: string }) => post<{ organisations: Organisation[] }>('/access/organisations', input);
export const setOfficeApproval = (organisation: string, on: boolean) => send<undefined>('PUT', `/access/organisations/${organisation}/office-approval`, { body: { on } });
export const createPerson = (input: { login: string; name: string; nameEn: string; password: string }) => post<{ id: string; practitioner: string }>('/access/people', input);
export const addMembership = (input: { practitioner: string; organisation: string; role: string; specialty: string; rank: string }) => post<{ id?: string; request?: string }>('/access/memberships', input);

/** An administrator's role that waits for a second administrator. */
export interface RoleRequest {
  id: string;
  person: { practitioner: string; name: string; nameEn?: string };
  askedBy: { practitioner: string; name: string; nameEn?: string };
  organisation: Organisation;
  role: string;
  /** Sensitivity labels that the role opens then; `before`: what one in force opens now. */
  opens: string[];
  before?: string[];
  asked: string;
  confirmUntil: string;
  mayConfirm: boolean;
  own: boolean;
}
export const readRoleRequests = (signal?: AbortSignal) => get<{ requests: RoleRequest[] }>('/access/role-requests', signal ? { signal } : {}).then((answer) => answer.requests);
export const confirmRoleRequest = (id: string) => post<undefined>(`/access/role-requests/${id}/confirm`, {});
export const refuseRoleRequest = (id: string) => post<undefined>(`/access/role-requests/${id}/refuse`, {});
export const endPerson = (practitioner: string) => post<undefined>(`/access/people/${practitioner.replace('Practitioner/', '')}/end`, {});
/** A role of clinical staff and the sensitivity labels that it opens. */
export interface LabelRight {
  id: string;
  practitioner: string;
  name: string;
  nameEn?: string;
  role: string;
  organisation?: Organisation;
  labels: string[];
}
/** Of one institution, or of all that open any. */
export const readLabelRights = (organisation: string, signal?: AbortSignal) =>
  get<{ roles: LabelRight[]; more: boolean }>(`/access/label-rights${organisation ? `?${new URLSearchParams({ organisation })}` : ''}`, signal ? { signal } : {});
export const setLabelRights = (role: LabelRight, labels: string[]) => send<{ request?: string } | undefined>('PUT', `/access/label-rights/${role.id}`, { body: { labels, before: role.labels } });
export interface Contract {
  id: string;
  from: Organisation;
  to: Organisation;
  service: string;
  validFrom: string;
  validTo?: string;
  feeMinor: number;
  currency: string;
  /** Clock of the service → minutes. */
  deadlines: Record<string, number>;
}
export const readContracts = (signal?: AbortSignal) => get<{ contracts: Contract[] }>('/access/contracts', signal ? { signal } : {}).then((answer) => answer.contracts);
export const addContract = (input: { from: string; to: string; service: string; feeMinor?: number; currency?: string; ends?: string; deadlines?: Record<string, number> }) => post<Contract>('/access/contracts', input);
export const endContract = (id: string) => post<undefined>(`/access/contracts/${id}/end`, {});

export interface Duty {
  id: string;
  practitioner: string;
  name: string;
  nameEn?: string;
  specialty: string;
  place: number;
  starts: string;
  ends: string;
}
export const readDuties = (organisation: string, from: Date, until: Date, signal?: AbortSignal) =>
  get<{ duties: Duty[] }>(`/access/duties?${new URLSearchParams({ organisation, from: from.toISOString(), until: until.toISOString() })}`, signal ? { signal } : {}).then((answer) => answer.duties);
export const addDuties = (organisation: string, duties: Omit<Duty, 'id' | 'name' | 'nameEn'>[]) => post<undefined>('/access/duties', { organisation, duties });
export const removeDuty = (organisation: string, id: string) => send<undefined>('DELETE', `/access/duties/${id}?${new URLSearchParams({ organisation })}`);
export const setLicence = (practitioner: string, input: { licence: string; licenceEnds?: string; languages: string }) =>
  send<undefined>('PUT', `/access/people/${practitioner.replace('Practitioner/', '')}/licence`, { body: input });
