/** JSON whose numbers keep their digits: 7.10 stays 7.10, as the record keeps it, when it is read, shown and sent again. */

/** A number is a string behind this mark, which no string of FHIR holds. */
const kMark = '\u0000';

export type Exact = string | boolean | null | Exact[] | { [name: string]: Exact };
export type ExactObject = { [name: string]: Exact };

const kStringsAndNumbers = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;
const kMarked = /"\\u0000([\d.eE+-]+)"/g;

/** Throws SyntaxError for what is no JSON. */
export function parseExact(text: string): Exact {
  const marked = text.replace(kStringsAndNumbers, (part) => {
    if (part.startsWith('"')) return part;
    JSON.parse(part); // 01 and 1. are no numbers
    return `"\\u0000${part}"`;
  });
  return JSON.parse(marked) as Exact;
}

export const textOfExact = (value: Exact, indent = 0): string => JSON.stringify(value, null, indent).replace(kMarked, '$1');

export const isExactObject = (value: Exact | undefined): value is ExactObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A leaf as a reader sees it. */
export function leafText(value: Exact): string {
  if (typeof value === 'string') return value.startsWith(kMark) ? value.slice(1) : value;
  return value === null ? '' : String(value);
}

/** A string that is none of the numbers; undefined for anything else. */
export const stringIn = (value: Exact | undefined): string | undefined => (typeof value === 'string' && !value.startsWith(kMark) ? value : undefined);

export const sameExact = (a: Exact | undefined, b: Exact | undefined): boolean => a === b || (a !== undefined && b !== undefined && JSON.stringify(a) === JSON.stringify(b));
