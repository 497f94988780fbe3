import { describe, expect, it } from 'vitest';
import { sameJson } from '../../api/same_json';
import { startOf } from './draft_start';

const server = (version: number, text: string) => ({ version, saved: '2026-01-01T00:00:00Z', body: { text } });
const toWire = (text: string) => ({ text, none: undefined });
const fromWire = (body: unknown) => (body as { text: string }).text;
const start = (kept: Parameters<typeof startOf<string>>[0], held: ReturnType<typeof server> | undefined) => startOf(kept, held, '', toWire, fromWire);

describe('the start of a draft', () => {
  it('takes the server where the tab has nothing of its own', () => {
    expect(start(undefined, undefined)).toMatchObject({ value: '', base: 0, dirty: false });
    expect(start(undefined, server(3, 'a'))).toMatchObject({ value: 'a', base: 3, dirty: false });
    expect(start({ value: 'old', base: 2, dirty: false }, server(3, 'a'))).toMatchObject({ value: 'a', base: 3 });
  });
  it('goes on with what the tab kept', () => expect(start({ value: 'mine', base: 3, dirty: true }, server(3, 'a'))).toMatchObject({ value: 'mine', base: 3, dirty: true, other: undefined }));
  it('knows its own save whose answer was lost', () => {
    expect(start({ value: 'mine', base: 0, dirty: true, sent: { text: 'mine' } }, server(1, 'mine'))).toMatchObject({ base: 1, dirty: false, other: undefined });
    expect(start({ value: 'mine, longer', base: 0, dirty: true, sent: { text: 'mine' } }, server(1, 'mine'))).toMatchObject({ value: 'mine, longer', base: 1, dirty: true, other: undefined });
  });
  it('shows what another window wrote', () => expect(start({ value: 'mine', base: 3, dirty: true, sent: { text: 'min' } }, server(4, 'theirs'))).toMatchObject({ value: 'mine', base: 3, dirty: true, other: { version: 4 } }));
});

describe('equality as JSON', () => {
  it('looks at members, not at their order', () => {
    expect(sameJson({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1, d: undefined })).toBe(true);
    expect(sameJson({ a: 1 }, { a: '1' })).toBe(false);
    expect(sameJson([1, 2], [2, 1])).toBe(false);
    expect(sameJson([1], [1, 2])).toBe(false);
    expect(sameJson({ a: [] }, { a: {} })).toBe(false);
    expect(sameJson({ a: null }, {})).toBe(false);
  });
});
