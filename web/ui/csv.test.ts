import { expect, test } from 'vitest';
import { csvOf } from './csv';

test('cells are quoted and no cell is a formula', () => {
  expect(csvOf([['a', 'say "hi"'], ['=1+1', '–']])).toBe('\uFEFF"a","say ""hi"""\r\n"\'=1+1","–"\r\n');
});
