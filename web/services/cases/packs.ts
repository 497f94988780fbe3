/** Code lists of the country pack. Their names come with them; a text of the application's own wins. */
import { useQuery } from '../../api/cache';
import { readPack, type PackCode } from '../../api/packs';
import { textOr, useLanguage } from '../../app/i18n';

export function packCodes(answer: unknown): PackCode[] {
  const list = Array.isArray(answer) ? answer : Object.values((answer ?? {}) as Record<string, unknown>).find(Array.isArray);
  return ((list ?? []) as (string | PackCode)[]).map((one) => (typeof one === 'string' ? { code: one } : one)).filter((one) => typeof one.code === 'string');
}

export interface Pack {
  codes: PackCode[];
  nameOf: (code: PackCode) => string;
  error: unknown;
  reload: () => void;
}

function usePack(list: string, ownText: (code: string, fallback: string) => string): Pack {
  const language = useLanguage();
  const query = useQuery(`pack:${list}`, (signal) => readPack(list, signal));
  return {
    codes: packCodes(query.data),
    nameOf: (one) => ownText(one.code, (language === 'en' ? one.en : one.zh) ?? one.display ?? one.title ?? one.code),
    error: query.error,
    reload: query.reload,
  };
}

export const useSpecialties = (): Pack => usePack('specialties', (code, fallback) => textOr(`consult.specialty.${code}`, fallback));
export const useMissingItems = (): Pack => usePack('missing_items', (code, fallback) => textOr(`consult.missing.${code}`, fallback));
