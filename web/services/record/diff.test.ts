import { expect, test } from 'vitest';
import { parseExact, type ExactObject } from '../../api/exact_json';
import { differences } from './diff';
import { cellText, columnsOf, localReference, pathOfExpression, presentPath } from './elements';

const of = (text: string) => parseExact(text) as ExactObject;
const lines = (before: string, after: string) => differences(of(before), of(after)).map((one) => `${one.kind} ${one.path}`);

test('added, removed and changed elements by path; the version itself is none', () => {
  expect(
    lines(
      '{"meta":{"versionId":"1"},"status":"draft","name":[{"family":"Li"}],"active":true}',
      '{"meta":{"versionId":"2"},"status":"active","name":[{"family":"Li","given":["Wei"]}],"birthDate":"1970"}',
    ),
  ).toEqual(['changed status', 'added name[0].given', 'removed active', 'added birthDate']);
});

test('a number that gains a digit has changed, another order of properties is no difference', () => {
  expect(lines('{"a":1,"b":{"c":2,"d":[{"e":1,"f":2}]}}', '{"b":{"d":[{"f":2,"e":1}],"c":2},"a":1}')).toEqual([]);
  expect(lines('{"value":7.1}', '{"value":7.10}')).toEqual(['changed value']);
});

test('an item put in front is one addition', () => {
  expect(lines('{"given":["b","c"]}', '{"given":["a","b","c"]}')).toEqual(['added given[0]']);
  expect(lines('{"item":[{"linkId":"1","text":"x"},{"linkId":"2"}]}', '{"item":[{"linkId":"2"},{"linkId":"1","text":"y"}]}')).toEqual(['changed item[1].text']);
  expect(lines('{"given":["a","b"]}', '{"given":["b"]}')).toEqual(['removed given[0]']);
});

test('where an issue of a check stands in the resource', () => {
  const patient = of('{"resourceType":"Patient","name":[{"given":["A"]}],"deceasedBoolean":true}');
  expect(presentPath(patient, pathOfExpression('Patient.name[0].given[0]', 'Patient')!)).toBe('name[0].given[0]');
  expect(presentPath(patient, pathOfExpression('Patient.name.family', 'Patient')!)).toBe('name[0]');
  expect(presentPath(patient, pathOfExpression('Patient.deceased.ofType(boolean)', 'Patient')!)).toBe('deceasedBoolean');
  expect(pathOfExpression('Patient', 'Patient')).toBe('');
  expect(pathOfExpression('name.where(use = 1)', 'Patient')).toBeUndefined();
});

test('references into this server and others', () => {
  expect(localReference('Patient/1')).toEqual({ to: 'Patient/1' });
  expect(localReference('Consent/a-1/_history/2')).toEqual({ to: 'Consent/a-1', version: '2' });
  for (const other of ['#p1', 'urn:uuid:1', 'http://127.0.0.1:1/fhir/Patient/1', undefined]) expect(localReference(other)).toBeUndefined();
});

test('cells of a table', () => {
  const pressure = of('{"resourceType":"Observation","code":{"coding":[{"code":"85354-9"}]},"component":[{"valueQuantity":{"value":120,"unit":"mmHg"}},{"valueQuantity":{"value":80,"unit":"mmHg"}}],"subject":{"reference":"Patient/1"}}');
  const cells = Object.fromEntries(columnsOf('Observation').map((column) => [column.name, cellText(pressure, column)]));
  expect(cells).toEqual({ code: '85354-9', value: '120 mmHg / 80 mmHg', status: '', date: '', subject: 'Patient/1' });
});
