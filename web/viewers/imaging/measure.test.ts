import { describe, expect, it } from 'vitest';
import { angleOf, areaOf, ellipseOf, ellipseStatistics, lengthOf, rounded, valueUnit } from './measure';
import { linesOf, toPixel, valuesOf } from './measurements';
import type { Frame } from './dicomweb';
import type { DicomObject } from './dicom_json';

const tall = { rowMm: 2, columnMm: 0.5, origin: 'patient' as const };

describe('length and angle', () => {
  it('measures with the row and the column spacing', () => {
    expect(lengthOf({ x: 0, y: 0 }, { x: 0, y: 10 }, tall)).toEqual({ value: 20, unit: 'mm' });
    expect(lengthOf({ x: 0, y: 0 }, { x: 10, y: 0 }, tall)).toEqual({ value: 5, unit: 'mm' });
    expect(lengthOf({ x: 1, y: 1 }, { x: 7, y: 3 }, tall).value).toBeCloseTo(5, 9);
  });

  it('counts pixels where there is no spacing', () => {
    expect(lengthOf({ x: 0, y: 0 }, { x: 3, y: 4 }, undefined)).toEqual({ value: 5, unit: 'px' });
  });

  it('finds the angle as it is in the body, not on the pixel grid', () => {
    expect(angleOf({ x: 10, y: 0 }, { x: 0, y: 0 }, { x: 0, y: 7 }, tall)).toBeCloseTo(90, 9);
    expect(angleOf({ x: 4, y: 1 }, { x: 0, y: 0 }, { x: 4, y: 0 }, tall)).toBeCloseTo(45, 9);
    expect(angleOf({ x: -5, y: 0 }, { x: 0, y: 0 }, { x: 5, y: 0 }, undefined)).toBeCloseTo(180, 9);
    expect(angleOf({ x: 0, y: 0 }, { x: 0, y: 0 }, { x: 5, y: 0 }, undefined)).toBeUndefined();
  });
});

describe('ellipse', () => {
  const source = (data: number[], columns: number, slope = 1, intercept = 0) => ({ data, columns, rows: data.length / columns, slope, intercept });

  it('covers the box of its handles', () => {
    expect(ellipseOf([{ x: 5, y: 8 }, { x: 5, y: 2 }, { x: 1, y: 5 }, { x: 9, y: 5 }])).toEqual({ centre: { x: 5, y: 5 }, radiusX: 4, radiusY: 3 });
    expect(areaOf({ centre: { x: 0, y: 0 }, radiusX: 4, radiusY: 3 }, tall).value).toBeCloseTo(Math.PI * 12, 9);
    expect(areaOf({ centre: { x: 0, y: 0 }, radiusX: 4, radiusY: 3 }, undefined).unit).toBe('px²');
  });

  it('takes the pixels whose centre lies inside', () => {
    const cross = ellipseStatistics({ centre: { x: 1, y: 1 }, radiusX: 1, radiusY: 1 }, source([9, 1, 9, 2, 3, 4, 9, 5, 9], 3));
    expect(cross).toMatchObject({ pixels: 5, mean: 3, min: 1, max: 5 });
    expect(cross?.deviation).toBeCloseTo(Math.sqrt(2), 9);
  });

  it('agrees with a plain count over a larger region, slope and intercept applied', () => {
    const columns = 40;
    const data = Array.from({ length: columns * 30 }, (_, at) => (at * 7919) % 4096);
    const ellipse = { centre: { x: 17.3, y: 12.6 }, radiusX: 11.2, radiusY: 8.4 };
    const inside = data.filter((_, at) => ((at % columns) - ellipse.centre.x) ** 2 / ellipse.radiusX ** 2 + (Math.floor(at / columns) - ellipse.centre.y) ** 2 / ellipse.radiusY ** 2 <= 1).map((value) => value * 2 - 1024);
    const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
    const found = ellipseStatistics(ellipse, source(data, columns, 2, -1024));
    expect(found?.pixels).toBe(inside.length);
    expect(found?.mean).toBeCloseTo(mean, 6);
    expect(found?.deviation).toBeCloseTo(Math.sqrt(inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length), 4);
  });

  it('stays inside the image and gives nothing for nothing', () => {
    expect(ellipseStatistics({ centre: { x: -50, y: 0 }, radiusX: 3, radiusY: 3 }, source([1, 2, 3, 4], 2))).toBeUndefined();
    expect(ellipseStatistics({ centre: { x: 0, y: 0 }, radiusX: 0, radiusY: 3 }, source([1, 2, 3, 4], 2))).toBeUndefined();
    expect(ellipseStatistics({ centre: { x: 0, y: 0 }, radiusX: 100, radiusY: 100 }, source([1, 2, 3, 4], 2))?.pixels).toBe(4);
  });
});

describe('labels', () => {
  const ct: DicomObject = { '00080060': { vr: 'CS', Value: ['CT'] }, '00281052': { vr: 'DS', Value: [-1024] }, '00281053': { vr: 'DS', Value: [1] } };

  it('says HU only where the object does', () => {
    expect(valueUnit(ct)).toBe('HU');
    expect(valueUnit({ '00080060': { vr: 'CS', Value: ['CT'] } })).toBe('');
    expect(valueUnit({ ...ct, '00080060': { vr: 'CS', Value: ['MR'] } })).toBe('');
    expect(valueUnit({ ...ct, '00281054': { vr: 'LO', Value: ['US'] } })).toBe('');
    expect(valueUnit({ ...ct, '00281054': { vr: 'LO', Value: ['HU'] } })).toBe('HU');
  });

  it('rounds by size', () => {
    expect([4.256, 43.21, 432.18, 4321.8, -0.001].map(rounded)).toEqual(['4.26', '43.2', '432.2', '4322', '0.00']);
  });

  const frame = (object: DicomObject): Frame => ({ imageId: 'x', path: 'x', sopInstanceUid: '1', frame: 1, frames: 1, object });
  const t = (key: string) => key.split('.').at(-1) ?? key;

  it('turns world points into pixels on an oblique plane', () => {
    const object = { '00200037': { vr: 'DS', Value: [0, 1, 0, 0, 0, -1] }, '00200032': { vr: 'DS', Value: [7, -100, 50] }, '00280030': { vr: 'DS', Value: [2, 0.5] } };
    expect(toPixel([7, -95, 40], frame(object), 0)).toEqual({ x: 10, y: 5 });
    expect(toPixel([7, -95, 40], frame(object), 0.5)).toEqual({ x: 9.5, y: 4.5 });
  });

  it('writes millimetres only with a spacing', () => {
    const world = [[0, 0, 0], [3, 4, 0]] as const;
    const bare = valuesOf('length', world, frame({}), undefined, 0);
    expect(bare && linesOf(bare, t)).toEqual(['5.00 px']);
    const spaced = valuesOf('length', world, frame({ '00280030': { vr: 'DS', Value: [1, 1] } }), undefined, 0);
    expect(spaced && linesOf(spaced, t)).toEqual(['5.00 mm']);
    const detector = valuesOf('length', world, frame({ '00181164': { vr: 'DS', Value: [1, 1] } }), undefined, 0);
    expect(detector && linesOf(detector, t)).toEqual(['5.00 mm at_detector']);
  });

  it('writes mean, deviation and area of an ellipse', () => {
    const world = [[2, 3, 0], [2, 1, 0], [1, 2, 0], [3, 2, 0]] as const;
    const pixels = { columns: 5, rows: 5, slope: 1, intercept: -1000, data: new Array(25).fill(1040) };
    const values = valuesOf('ellipse', world, frame({ ...ct, '00280030': { vr: 'DS', Value: [1, 1] } }), pixels, 0);
    expect(values && linesOf(values, t)).toEqual(['mean 40.0 ± 0.00 HU', 'area 3.14 mm²']);
  });
});
