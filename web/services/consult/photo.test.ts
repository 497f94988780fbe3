import { expect, it } from 'vitest';
import { sizeAfter } from './photo';

it('shrinks to the limit, keeps the shape, and swaps the sides on a quarter turn', () => {
  expect(sizeAfter(4000, 3000, 0, 2000)).toEqual({ scale: 0.5, width: 2000, height: 1500 });
  expect(sizeAfter(4000, 3000, 1, 2000)).toEqual({ scale: 0.5, width: 1500, height: 2000 });
  expect(sizeAfter(640, 480, 2)).toEqual({ scale: 1, width: 640, height: 480 });
  expect(sizeAfter(10_000, 1, 3, 2000)).toMatchObject({ width: 1, height: 2000 });
});
