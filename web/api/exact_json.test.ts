import { expect, test } from 'vitest';
import { leafText, parseExact, stringIn, textOfExact, type ExactObject } from './exact_json';

test('numbers keep their digits, strings with digits and quotes stay strings', () => {
  const text = '{"value":7.10,"big":12345678901234567890,"small":-1.0e-7,"text":"say \\"1.50\\" \\\\","none":null,"yes":true,"list":[1,"1"]}';
  const value = parseExact(text) as ExactObject;
  expect(textOfExact(value)).toBe(text);
  expect(leafText(value['value']!)).toBe('7.10');
  expect(stringIn(value['value'])).toBeUndefined();
  expect(stringIn(value['text'])).toBe('say "1.50" \\');
  expect(leafText(value['yes']!)).toBe('true');
});

test('what is no JSON is refused', () => {
  for (const text of ['{"a":01}', '{"a":1.}', '{"a":1', '', '{"a":1-2}']) expect(() => parseExact(text)).toThrow();
});
