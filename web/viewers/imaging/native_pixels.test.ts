import { describe, expect, it } from 'vitest';
import { nativeLength, nativePixels } from './native_pixels';

const us = (value: number) => ({ vr: 'US', Value: [value] });
const object = (rows: number, columns: number, allocated: number, stored: number, signed = 0, samples = 1, photometric = 'MONOCHROME2') => ({
  '00280010': us(rows), '00280011': us(columns), '00280100': us(allocated), '00280101': us(stored), '00280103': us(signed), '00280002': us(samples),
  '00280004': { vr: 'CS', Value: [photometric] },
});

describe('native pixels', () => {
  it('knows how long a frame is', () => {
    expect(nativeLength(object(512, 512, 16, 12))).toBe(524288);
    expect(nativeLength(object(3, 3, 8, 8, 0, 3, 'RGB'))).toBe(27);
    expect(nativeLength(object(4, 4, 8, 8, 0, 3, 'YBR_FULL_422'))).toBe(32);
    expect(nativeLength(object(3, 3, 1, 1))).toBe(2);
  });

  it('refuses too little and leaves padding off', () => {
    expect(() => nativePixels(new Uint8Array(7), object(2, 2, 16, 16))).toThrow('shorter');
    expect([...nativePixels(new Uint8Array([1, 2, 3, 4, 0]), object(2, 2, 8, 8))]).toEqual([1, 2, 3, 4]);
  });

  it('clears the bits above the stored ones of unsigned pixels only', () => {
    expect([...nativePixels(new Uint8Array([0x34, 0xa2]), object(1, 1, 16, 12))]).toEqual([0x34, 0x02]);
    expect([...nativePixels(new Uint8Array([0x34, 0xf2]), object(1, 1, 16, 12, 1))]).toEqual([0x34, 0xf2]);
  });

  it('spreads one-bit pixels, the lowest bit first', () => {
    expect([...nativePixels(new Uint8Array([0b10000101, 0b1]), object(3, 3, 1, 1))]).toEqual([1, 0, 1, 0, 0, 0, 0, 1, 1]);
  });

  it('gives both pixels of a pair their shared colour', () => {
    const shared = object(1, 2, 8, 8, 0, 3, 'YBR_FULL_422');
    expect([...nativePixels(new Uint8Array([100, 200, 128, 128]), shared)]).toEqual([100, 100, 100, 200, 200, 200]);
    expect([...nativePixels(new Uint8Array([76, 76, 85, 255]), shared)]).toEqual([254, 0, 0, 254, 0, 0]);
  });
});
