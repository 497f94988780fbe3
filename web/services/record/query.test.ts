import { expect, test } from 'vitest';
import { emptySearch, parseSearch, queryOf, textOfSearch, type ParameterKind } from './query';

const kinds: Record<string, ParameterKind> = { code: 'token', date: 'date', 'value-quantity': 'quantity', name: 'string', subject: 'reference' };
const parse = (text: string) => parseSearch(text, (_type, name) => kinds[name]);

test('a URL becomes clauses and the same URL again', () => {
  for (const text of [
    'Observation?code=http://loinc.org|8480-6,8462-4&date=ge2026-01-01&date=lt2026-02&_sort=-date&_count=20',
    'Observation?value-quantity=gt5.40||mmol/L',
    'Patient?name:exact=王\\,%20伟',
    'Observation?subject:Patient.name=Li&code:not=x&code:missing=false',
    'Patient',
    'Patient?name=a%26b%2Bc%3Dd',
  ])
    expect(textOfSearch(parse(text)!)).toBe(text);
});

test('prefixes and OR values are parts of a clause', () => {
  const search = parse('http://127.0.0.1:8080/fhir/Observation?date=ge2026-01-01,2025&code=general')!;
  expect(search.type).toBe('Observation');
  expect(search.clauses[0]).toEqual({ name: 'date', modifier: '', values: [{ prefix: 'ge', text: '2026-01-01' }, { prefix: '', text: '2025' }] });
  expect(search.clauses[1]!.values).toEqual([{ prefix: '', text: 'general' }]);
});

test('empty values are left out and what is no type is refused', () => {
  expect(queryOf({ ...emptySearch('Patient'), clauses: [{ name: 'name', modifier: '', values: [{ prefix: '', text: '' }] }] })).toBe('_count=20');
  expect(parse('?name=x')).toBeUndefined();
  expect(parse('patient?name=x')).toBeUndefined();
});
