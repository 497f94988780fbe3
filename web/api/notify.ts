/** How people are reached away from the screen, and how the ways out of the centre fare. */
import { get, post, send } from './http';
import type { Organisation } from './people';

export const kChannels = ['voice', 'sms', 'webhook', 'email'] as const;
export type Channel = (typeof kChannels)[number];

export interface Contact {
  phone: string;
  email: string;
  channels: Channel[];
  language: 'zh' | 'en';
  quiet: { from: string; to: string } | null;
  changed?: string;
  changedBy?: string;
  changedByEn?: string;
}

/** A line of the list: numbers are masked. */
export interface ContactRow {
  practitioner: string;
  name: string;
  nameEn?: string;
  role: string;
  organisation?: Organisation;
  phone: string;
  email: string;
  channels: Channel[];
}

interface Named {
  reference: string;
  name: string;
  name_en?: string | null;
}

export interface NoticeStep {
  at: string;
  channel: Channel | '';
  what: string;
  reason: string;
  code: string;
  person: Named | null;
}

/** What happened to a notice of a case outside the screen. */
export interface CaseNotice {
  at: string;
  code: string;
  person: Named | null;
  channel: string | null;
  what: string;
  reason: string | null;
}

export interface ChannelState {
  channel: Channel;
  configured: boolean;
  host: string;
  queued: number;
  oldest: string | null;
  last_ok: string | null;
  last_failed: string | null;
  reason: string;
  failing: boolean;
  reaches_me: boolean;
}

export interface Notifications {
  channels: ChannelState[];
  waiting: number;
  tests: NoticeStep[];
  failures: NoticeStep[];
  unreachable_count: number;
  unreachable: { person: Named; role: string; organisation: Named }[];
}

const pathOf = (practitioner?: string) => (practitioner ? `/access/people/${practitioner.replace('Practitioner/', '')}/contact` : '/access/contact');
/** Without a practitioner: one's own. */
export const readContact = (practitioner?: string, signal?: AbortSignal) => get<Contact>(pathOf(practitioner), signal ? { signal } : {});
export const saveContact = (contact: Contact, practitioner?: string) => {
  const { phone, email, channels, language, quiet } = contact;
  return send<Contact>('PUT', pathOf(practitioner), { body: { phone, email, channels, language, quiet } }).then((answer) => answer.data);
};
/** At most 100, those without a number first. */
export const readContacts = (text: string, signal?: AbortSignal) => get<{ people: ContactRow[]; count: number }>(`/access/contacts?q=${encodeURIComponent(text)}`, signal ? { signal } : {});
export const readNotifications = (signal?: AbortSignal) => get<Notifications>('/flow/notifications', signal ? { signal } : {});
export const sendTest = (channel: Channel) => post<{ queued: boolean }>('/flow/notifications/test', { channel });
/** The person looks at the case: nobody needs to be rung about it. */
export const sayCaseSeen = (id: string) => post<undefined>(`/flow/cases/${id}/seen`, {});
