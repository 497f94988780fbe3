/**
 * Working as a program in the record browser: the token of an integration client, held in the memory of this tab only, until
 * it ends or the person's session does. What is done with it stands in the audit under the client's name.
 */
import { send } from './http';

export interface ActingClient {
  id: string;
  token: string;
  until: number;
}

let acting: ActingClient | undefined;
const listeners = new Set<() => void>();

function set(client: ActingClient | undefined): void {
  acting = client;
  for (const listener of listeners) listener();
}

export const actingClient = (): ActingClient | undefined => (acting && acting.until > Date.now() ? acting : undefined);
export const stopActing = (): void => set(undefined);
export function whenActingChanges(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function actAs(id: string, secret: string): Promise<void> {
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret };
  const { data } = await send<{ access_token: string; expires_in: number }>('POST', '/oauth/token', { form, ownSession: true });
  set({ id, token: data.access_token, until: Date.now() + data.expires_in * 1000 });
}
