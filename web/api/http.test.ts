import { afterEach, describe, expect, it, vi } from 'vitest';
import { get, post } from './http';

const answer = (text: string) => Promise.resolve(new Response(JSON.stringify(text), { status: 200 }));

describe('an answer that was asked for before the application was there', () => {
  afterEach(() => vi.unstubAllGlobals());
  const begin = (at: number) => {
    const fetched = vi.fn(() => answer('later'));
    vi.stubGlobal('fetch', fetched);
    vi.stubGlobal('window', { qiaoEarly: { at, answers: new Map([['/flow/worklists', answer('early')]]) } });
    return fetched;
  };

  it('is taken once, by the same request', async () => {
    const fetched = begin(Date.now());
    expect(await get('/flow/board')).toBe('later');
    expect(await get('/flow/worklists')).toBe('early');
    expect(await get('/flow/worklists')).toBe('later');
    expect(fetched).toHaveBeenCalledTimes(2);
  });

  it('belongs to nobody after a sign-in, and is not kept for later', async () => {
    begin(Date.now());
    await post('/access/session', {});
    expect(await get('/flow/worklists')).toBe('later');
    begin(Date.now() - 60_000);
    expect(await get('/flow/worklists')).toBe('later');
  });
});
