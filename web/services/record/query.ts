/**
 * A search as the builder shows it: clauses that all must hold, each with values of which one must. It is read from and written
 * as the text of a search URL, so that both can be edited. Words of a search never stand in an address: they are sent by POST.
 */
export type ParameterKind = 'token' | 'date' | 'uri' | 'string' | 'reference' | 'quantity' | 'number' | 'composite' | 'special';

export interface Value {
  prefix: string;
  text: string;
}

export interface Clause {
  /** With a chain behind it: "subject:Patient.name". */
  name: string;
  modifier: string;
  values: Value[];
}

export interface Search {
  type: string;
  clauses: Clause[];
  /** As `_sort` says it: "-date,code". */
  sort: string;
  count: string;
}

export const kPrefixes = ['', 'ne', 'gt', 'ge', 'lt', 'le', 'sa', 'eb', 'ap'] as const;
const kWithPrefix = new Set<ParameterKind>(['date', 'number', 'quantity']);
/** FHIR R4 3.1.1.4; a reference may also name a type. What a parameter does not have, the server refuses by name. */
const kModifiers: Record<ParameterKind, readonly string[]> = {
  token: ['not', 'text', 'of-type'],
  string: ['exact', 'contains'],
  uri: ['below'],
  reference: ['identifier'],
  date: [],
  number: [],
  quantity: [],
  composite: [],
  special: [],
};

export const modifiersOf = (kind: ParameterKind): readonly string[] => [...kModifiers[kind], 'missing'];
export const takesPrefix = (kind: ParameterKind | undefined, modifier: string): boolean => kind !== undefined && modifier === '' && kWithPrefix.has(kind);

const kDefaultCount = '20';
export const emptySearch = (type: string): Search => ({ type, clauses: [], sort: '', count: kDefaultCount });

/** At each comma that is not escaped. */
function splitValues(text: string): string[] {
  const parts = [''];
  for (const piece of text.match(/\\.|[^\\]|\\$/g) ?? []) {
    if (piece === ',') parts.push('');
    else parts[parts.length - 1] += piece;
  }
  return parts;
}
const unescapeValue = (text: string): string => text.replace(/\\([,\\])/g, '$1');
const escapeValue = (text: string): string => text.replace(/[,\\](?![|$])/g, '\\$&');

function clauseOf(head: string, value: string, kindOf: (name: string) => ParameterKind | undefined): Clause {
  const dot = head.lastIndexOf('.');
  const colon = head.indexOf(':', dot + 1);
  // "subject:Patient" names a type, which is part of what is searched and no modifier of the list.
  const name = colon < 0 ? head : head.slice(0, colon);
  const modifier = colon < 0 ? '' : head.slice(colon + 1);
  const kind = dot < 0 ? kindOf(name) : undefined;
  const values = splitValues(value).map((part): Value => {
    const prefix = takesPrefix(kind, modifier) ? (/^(ne|gt|ge|lt|le|sa|eb|ap|eq)(?=[-\d.])/.exec(part)?.[1] ?? '') : '';
    return { prefix: prefix === 'eq' ? '' : prefix, text: unescapeValue(part.slice(prefix.length)) };
  });
  return { name, modifier, values };
}

/** Reads "Observation?code=…", "/fhir/Observation?…" or a whole URL of any server. */
export function parseSearch(text: string, kindOf: (type: string, name: string) => ParameterKind | undefined): Search | undefined {
  const trimmed = text.trim();
  const mark = trimmed.indexOf('?');
  const type = (mark < 0 ? trimmed : trimmed.slice(0, mark)).split('/').filter(Boolean).at(-1) ?? '';
  if (!/^[A-Z][A-Za-z]+$/.test(type)) return undefined;
  const search: Search = { ...emptySearch(type), count: '' };
  for (const [name, value] of new URLSearchParams(mark < 0 ? '' : trimmed.slice(mark + 1))) {
    if (name === '_sort') search.sort = value;
    else if (name === '_count') search.count = value;
    else search.clauses.push(clauseOf(name, value, (one) => kindOf(type, one)));
  }
  return search;
}

const filled = (clause: Clause) => clause.values.filter((value) => value.text !== '');

/** The parameters in their order, not encoded; clauses without a value are left out. */
export function parametersOf(search: Search): [string, string][] {
  const pairs = search.clauses
    .filter((clause) => clause.name !== '' && filled(clause).length > 0)
    .map((clause): [string, string] => [clause.modifier ? `${clause.name}:${clause.modifier}` : clause.name, filled(clause).map((value) => value.prefix + escapeValue(value.text)).join(',')]);
  if (search.sort) pairs.push(['_sort', search.sort]);
  if (search.count) pairs.push(['_count', search.count]);
  return pairs;
}

/** What must be encoded in a query and nothing more, so that a person can read it. */
const encode = (text: string) => text.replace(/[%&=+#\s]/g, (one) => encodeURIComponent(one));

export const queryOf = (search: Search): string => parametersOf(search).map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
export const textOfSearch = (search: Search): string => (queryOf(search) ? `${search.type}?${queryOf(search)}` : search.type);

/** Type and query behind a `next` link, which is sent by POST like the first page. */
export function queryInLink(url: string): string {
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}
