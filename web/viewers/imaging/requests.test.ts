import { describe, expect, it } from 'vitest';
import { date, number, personName, text, time } from './dicom_json';
import { commandOf } from './keys';
import { firstPart, mediaTypeParameters } from './multipart';
import { entriesOf, resolvePalette } from './palette';
import { prefetchOrder, Prefetcher } from './prefetch';
import { kWindowPresets, windowOf, windowRange } from './presets';

const bytes = (body: string) => new TextEncoder().encode(body).buffer as ArrayBuffer;

describe('multipart', () => {
  it('cuts the part out by its length, else by the boundary', () => {
    const type = 'multipart/related; type="application/octet-stream"; boundary=abc';
    const part = (headers: string) => firstPart(type, bytes(`--abc\r\n${headers}\r\n\r\nPIX\r\n--abX\r\n--abc--\r\n`));
    expect(new TextDecoder().decode(part('content-type: application/octet-stream; transfer-syntax=1.2.3').bytes)).toBe('PIX\r\n--abX');
    expect(part('Content-Type: application/octet-stream; transfer-syntax=1.2.3').transferSyntax).toBe('1.2.3');
    expect(new TextDecoder().decode(part('Content-Length: 3').bytes)).toBe('PIX');
  });

  it('takes a single part whole', () => {
    const part = firstPart('image/jls; transfer-syntax="1.2.840.10008.1.2.4.80"', bytes('PIX'));
    expect([part.bytes.length, part.transferSyntax]).toEqual([3, '1.2.840.10008.1.2.4.80']);
  });

  it('refuses an answer that is cut off or has no boundary', () => {
    expect(() => firstPart('multipart/related', bytes('PIX'))).toThrow('boundary');
    expect(() => firstPart('multipart/related; boundary=abc', bytes('--abc\r\nA: b\r\n\r\nPIX'))).toThrow('cut off');
    expect(() => firstPart('multipart/related; boundary=abc', bytes('PIX'))).toThrow('without a part');
  });

  it('reads parameters quoted or not', () => {
    expect([...mediaTypeParameters('a/b; Type="x;y"; boundary=z').entries()]).toEqual([['type', 'x;y'], ['boundary', 'z']]);
  });
});

describe('DICOM JSON', () => {
  it('answers nothing for what is not there', () => {
    expect(text({ '00080060': { vr: 'CS', Value: ['  '] } }, '00080060')).toBeUndefined();
    expect(number({ '00280010': { vr: 'US', Value: ['x'] } }, '00280010')).toBeUndefined();
    expect(number({ '00180050': { vr: 'DS', Value: ['1,5'] } }, '00180050')).toBe(1.5);
    expect(date({ '00080020': { vr: 'DA', Value: ['2026'] } }, '00080020')).toBeUndefined();
  });

  it('shows names, dates and times', () => {
    expect(personName({ '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Chen^Hai', Ideographic: '陈^海' }] } }, '00100010')).toBe('陈海 Chen Hai');
    expect(personName({ '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Doe^^' }] } }, '00100010')).toBe('Doe');
    expect(date({ '00080020': { vr: 'DA', Value: ['20261121'] } }, '00080020')).toBe('2026-11-21');
    expect(time({ '00080030': { vr: 'TM', Value: ['213204.5'] } }, '00080030')).toBe('21:32:04');
  });
});

describe('palette', () => {
  it('reads tables of bytes and of words', () => {
    expect(entriesOf(new Uint8Array([1, 2, 3, 4]), [4, 0, 8])).toEqual([1, 2, 3, 4]);
    expect(entriesOf(new Uint8Array([1, 2, 3, 4]), [2, 0, 16])).toEqual([0x201, 0x403]);
    expect(entriesOf(new Uint8Array([1, 2, 3, 4]), [3, 0, 16])).toEqual([1, 2, 3]);
    expect(entriesOf(new Uint8Array([1, 2]), [4, 0, 16])).toBeUndefined();
    expect(entriesOf(new Uint8Array(131072), [0, 0, 16])?.length).toBe(65536);
  });

  it('takes them from the header or from bulk data, and refuses one that is too short', async () => {
    const object = () => ({
      '00280004': { vr: 'CS', Value: ['PALETTE COLOR'] },
      ...Object.fromEntries(['1', '2', '3'].flatMap((at) => [[`0028110${at}`, { vr: 'US', Value: [2, 0, 16] }], [`0028120${at}`, { vr: 'OW', InlineBinary: btoa(String.fromCharCode(0, 1, 0, 2)) }]])),
    });
    const inline: Record<string, { vr: string; Value?: unknown[]; InlineBinary?: string; BulkDataURI?: string }> = object();
    await resolvePalette(inline, () => Promise.reject(new Error('no request expected')));
    expect(inline['00281203']?.Value).toEqual([256, 512]);
    const bulk = { ...object(), '00281201': { vr: 'OW', BulkDataURI: 'x' } as { vr: string; BulkDataURI: string; Value?: unknown[] } };
    await resolvePalette(bulk, async () => new Uint8Array([9, 0, 8, 0]));
    expect(bulk['00281201'].Value).toEqual([9, 8]);
    await expect(resolvePalette({ ...object(), '00281201': { vr: 'OW', BulkDataURI: 'x' } }, async () => new Uint8Array(1))).rejects.toThrow('shorter');
  });
});

describe('prefetch', () => {
  it('goes outwards, two ahead for one behind', () => {
    expect(prefetchOrder(5, 10, 1, 100)).toEqual([6, 7, 4, 8, 9, 3, 2, 1, 0]);
    expect(prefetchOrder(5, 10, -1, 100)).toEqual([4, 3, 6, 2, 1, 7, 0, 8, 9]);
    expect(prefetchOrder(0, 1, 1, 100)).toEqual([]);
  });

  it('stays within what the memory holds', () => {
    expect(prefetchOrder(50, 1000, 1, 2).sort((a, b) => a - b)).toEqual([48, 49, 51, 52]);
  });

  it('loads each image once, some at a time, and gives up on one that keeps failing', async () => {
    const loads: number[] = [];
    let most = 0;
    let now = 0;
    const done = new Set<number>([0]);
    const prefetcher = new Prefetcher({
      total: 12,
      parallel: 3,
      reach: 100,
      isLoaded: (index) => done.has(index),
      load: async (index) => {
        loads.push(index);
        most = Math.max(most, (now += 1));
        await new Promise((resolve) => setTimeout(resolve, 1));
        now -= 1;
        if (index === 4) throw new Error('gone');
        done.add(index);
      },
    });
    prefetcher.focus(0);
    await new Promise((resolve) => setTimeout(resolve, 60));
    for (let again = 0; again < 3; again += 1) prefetcher.focus(6);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(done.size).toBe(11);
    expect(most).toBe(3);
    expect(loads.filter((index) => index === 4).length).toBe(2);
    expect(new Set(loads).size).toBe(11);
  });
});

describe('windows and keys', () => {
  it('follows the linear window of the standard', () => {
    expect(windowRange(40, 80)).toEqual({ lower: 0, upper: 79 });
    expect(windowOf(0, 79)).toEqual({ center: 40, width: 80 });
    for (const { center, width } of kWindowPresets) {
      const { lower, upper } = windowRange(center, width);
      expect(windowOf(lower, upper)).toEqual({ center, width });
    }
  });

  it('maps keys to commands and leaves the browser its own', () => {
    const press = (key: string, more = {}) => commandOf({ key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...more });
    expect(press('1')).toEqual({ do: 'preset', id: 'brain' });
    expect(press('4')).toEqual({ do: 'preset', id: 'lung' });
    expect(press('l')).toEqual({ do: 'tool', tool: 'length' });
    expect(press('ArrowDown')).toEqual({ do: 'step', count: 1 });
    expect(press('ArrowDown', { shiftKey: true })).toMatchObject({ do: 'pan' });
    expect(press('?', { shiftKey: true })).toEqual({ do: 'help' });
    expect(press('l', { ctrlKey: true })).toBeUndefined();
    expect(press('q')).toBeUndefined();
  });
});
