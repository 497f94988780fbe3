import { expect, it } from 'vitest';
import { isGoodPin, kMostTries, pauseS } from './offline_pin';
import { isKeptKind } from './kept_reads';
import { openBlob, openJson, sealBlob, sealJson, sealOf } from './seal';

it('a PIN is not what is guessed first', () => {
  for (const weak of ['', '12345', '111111', '123456', '654321', '121212']) expect(isGoodPin(weak), weak).toBe(false);
  for (const good of ['258034', '190285', 'three boats']) expect(isGoodPin(good), good).toBe(true);
});

it('pauses grow with wrong tries', () => {
  const pauses = Array.from({ length: kMostTries }, (_, at) => pauseS(at + 1));
  expect(pauses).toEqual([0, 0, 0, 2, 4, 8, 16, 32, 64, 128]);
});

it('a search is never kept, a list is', () => {
  expect(['list:desk:due:', 'list:desk:today', 'case:0198a', 'worklists', 'patient:1'].filter((key) => !isKeptKind(key))).toEqual([]);
  expect(['list:desk:due:王', 'patients:王', 'case:0198a:identity:1.2', 'people', 'access:sessions'].filter(isKeptKind)).toEqual([]);
});

it('what is sealed opens under its own key and label only', async () => {
  const seal = await sealOf(new Uint8Array(32).fill(1));
  const other = await sealOf(new Uint8Array(32).fill(2));
  const sealed = await sealJson(seal, 'a', { text: '血压' });
  expect(await openJson(seal, 'a', sealed)).toEqual({ text: '血压' });
  await expect(openJson(other, 'a', sealed)).rejects.toThrow();
  await expect(openJson(seal, 'b', sealed)).rejects.toThrow();
  const piece = await sealBlob(seal, 'p', { title: 'hand' }, new Blob(['jpeg']));
  const { head, bytes } = await openBlob<{ title: string }>(seal, 'p', piece);
  expect([head.title, new TextDecoder().decode(bytes)]).toEqual(['hand', 'jpeg']);
});
