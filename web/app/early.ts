/**
 * A file of its own in the page (vite.config.ts puts it there), small, so that it runs before the application has arrived: on a
 * thin line the texts, the first page's files and the session come beside the application and not after it.
 */
export type Language = 'zh-CN' | 'en';
export const kLanguageKey = 'qiao.language';

export const isLanguage = (value: string | null): value is Language => value === 'zh-CN' || value === 'en';

/** The language of a person who has not chosen yet; a choice is kept under `kLanguageKey`. */
export function firstLanguage(): Language {
  const kept = localStorage.getItem(kLanguageKey);
  if (isLanguage(kept)) return kept;
  return navigator.languages.some((one) => one.toLowerCase().startsWith('zh')) || !navigator.language.startsWith('en') ? 'zh-CN' : 'en';
}

/** Addresses of built files: the texts of a language, and what a start page needs, by the beginning of its path. */
export interface EarlyFiles {
  texts: Record<Language, string[]>;
  pages: [start: string, files: string[]][];
}

declare global {
  interface Window {
    /** What was asked before the application was there; `takeEarly` in api/http.ts gives each out once. */
    qiaoEarly?: { at: number; answers: Map<string, Promise<Response>> };
  }
}

function ask(path: string): Promise<Response> {
  const answer = fetch(path, { headers: { Accept: 'application/json' }, credentials: 'same-origin', cache: 'no-store' });
  // Read to its end also when nobody takes it: an answer left alone holds its connection. Whoever takes it says what went wrong.
  answer.then((one) => one.clone().text()).catch(() => undefined);
  (window.qiaoEarly ??= { at: Date.now(), answers: new Map() }).answers.set(path, answer);
  return answer;
}

export function fetchEarly({ texts, pages }: EarlyFiles): void {
  const path = location.pathname === '/' ? '/app/today' : location.pathname;
  const list = /^\/app\/list\/([a-z_]+)$/.exec(path)?.[1];
  const start = pages.find(([beginning]) => path.startsWith(beginning));
  ask('/access/session').then(({ status }) => {
    // The application was faster: it asks for itself.
    if (status !== 200 || !start || !window.qiaoEarly?.answers.has('/access/session')) return;
    void ask('/flow/worklists');
    if (list && !location.search) void ask(`/flow/worklists/${list}?sort=due`);
  }, () => undefined);
  for (const href of [...texts[firstLanguage()], ...(start?.[1] ?? [])]) document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href }));
}
