import { describe, expect, it } from 'vitest';
import type { DicomObject } from './dicom_json';
import { displaySpacing, edgeLetters, letters, planeOf, regionSpacing, scaleBar, spacingOf } from './geometry';

const ds = (values: number[]) => ({ vr: 'DS', Value: values });
const oriented = (values: number[]): DicomObject => ({ '00200037': ds(values) });

describe('orientation', () => {
  it('names the edges of an axial, a coronal and a sagittal image', () => {
    expect(edgeLetters(oriented([1, 0, 0, 0, 1, 0]), 1)).toEqual({ left: 'R', right: 'L', top: 'A', bottom: 'P' });
    expect(edgeLetters(oriented([1, 0, 0, 0, 0, -1]), 1)).toEqual({ left: 'R', right: 'L', top: 'H', bottom: 'F' });
    expect(edgeLetters(oriented([0, 1, 0, 0, 0, -1]), 1)).toEqual({ left: 'A', right: 'P', top: 'H', bottom: 'F' });
  });

  it('names an oblique direction by its parts, the strongest first', () => {
    expect(letters([0.6, 0.8, 0])).toBe('PL');
    expect(letters([-0.99, 0.05, 0.13])).toBe('RH');
    expect(letters([0, 0, -1])).toBe('F');
  });

  it('says nothing when the object says nothing or nonsense', () => {
    expect(edgeLetters({}, 1)).toBeUndefined();
    expect(planeOf(oriented([1, 0, 0, 1, 0, 0]), 1)).toBeUndefined();
    expect(planeOf(oriented([2, 0, 0, 0, 1, 0]), 1)).toBeUndefined();
    expect(planeOf(oriented([1, 0, 0, 0, 1]), 1)).toBeUndefined();
    expect(edgeLetters({ '00200020': { vr: 'CS', Value: ['L', 'X'] } }, 1)).toBeUndefined();
  });

  it('takes Patient Orientation of a projection image, and an enhanced frame own orientation', () => {
    expect(edgeLetters({ '00200020': { vr: 'CS', Value: ['L', 'FA'] } }, 1)).toEqual({ right: 'L', left: 'R', bottom: 'FA', top: 'HP' });
    const group = (values: number[]) => ({ '00209116': { vr: 'SQ', Value: [oriented(values)] } });
    const enhanced: DicomObject = { '52009230': { vr: 'SQ', Value: [group([1, 0, 0, 0, 1, 0]), group([0, 1, 0, 0, 0, -1])] } };
    expect(edgeLetters(enhanced, 2)?.right).toBe('P');
  });
});

describe('spacing', () => {
  it('keeps row and column spacing apart', () => {
    expect(spacingOf({ '00280030': ds([2, 0.5]) }, 1)).toEqual({ rowMm: 2, columnMm: 0.5, origin: 'patient' });
  });

  it('gives none without a spacing, with zero, or with one number', () => {
    expect(spacingOf({}, 1)).toBeUndefined();
    expect(spacingOf({ '00280030': ds([0, 0.5]) }, 1)).toBeUndefined();
    expect(spacingOf({ '00280030': ds([0.5]) }, 1)).toBeUndefined();
  });

  it('marks the spacing of a projection as measured at the detector unless it was corrected', () => {
    const dx = { '00080060': { vr: 'CS', Value: ['DX'] } };
    expect(spacingOf({ ...dx, '00181164': ds([0.14, 0.14]) }, 1)?.origin).toBe('detector');
    expect(spacingOf({ ...dx, '00181164': ds([0.14, 0.14]), '00280030': ds([0.14, 0.14]) }, 1)?.origin).toBe('detector');
    expect(spacingOf({ ...dx, '00181164': ds([0.14, 0.14]), '00280030': ds([0.1, 0.1]) }, 1)?.origin).toBe('patient');
  });

  it('draws by the aspect ratio where there is no spacing', () => {
    expect(displaySpacing({ '00280034': { vr: 'IS', Value: [2, 1] } }, 1)).toEqual({ row: 2, column: 1 });
    expect(displaySpacing({}, 1)).toEqual({ row: 1, column: 1 });
  });

  it('reads the ultrasound region that holds every point', () => {
    const is = (value: number) => ({ vr: 'UL', Value: [value] });
    const region = { '00186018': is(0), '0018601A': is(0), '0018601C': is(100), '0018601E': is(100), '00186024': is(3), '00186026': is(3), '0018602C': ds([0.02]), '0018602E': ds([0.04]) };
    const us: DicomObject = { '00186011': { vr: 'SQ', Value: [region] } };
    expect(regionSpacing(us, [{ x: 1, y: 1 }, { x: 90, y: 90 }])).toEqual({ columnMm: 0.2, rowMm: 0.4, origin: 'region' });
    expect(regionSpacing(us, [{ x: 1, y: 1 }, { x: 190, y: 90 }])).toBeUndefined();
    expect(regionSpacing({ '00186011': { vr: 'SQ', Value: [{ ...region, '00186024': is(4) }] } }, [{ x: 1, y: 1 }])).toBeUndefined();
  });
});

describe('scale bar', () => {
  it('takes the longest of 1, 2, 5 that fits', () => {
    expect(scaleBar(2.56, 220)).toEqual({ mm: 50, px: 128, label: '5 cm' });
    expect(scaleBar(1, 220)?.label).toBe('20 cm');
    expect(scaleBar(30, 110)?.label).toBe('2 mm');
    expect(scaleBar(10, 100)).toEqual({ mm: 10, px: 100, label: '1 cm' });
  });

  it('is not drawn when it cannot be right', () => {
    expect(scaleBar(0, 220)).toBeUndefined();
    expect(scaleBar(Number.NaN, 220)).toBeUndefined();
    expect(scaleBar(2, 10)).toBeUndefined();
  });
});
