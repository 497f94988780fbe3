/**
 * Texts: keys in code, sentences in `<folder>/locales/{zh-CN,en}.json`, one file a folder, loaded with the
 * chunk that needs it. A switch of language loads the same files of the other language; nothing reloads.
 */
import i18next from 'i18next';
import { useSyncExternalStore } from 'react';
import { firstLanguage, kLanguageKey, type Language } from './early';

export type { Language };
export const kLanguages: readonly Language[] = ['zh-CN', 'en'];

type TextFile = { default: Record<string, string> };
const files = import.meta.glob<TextFile>(['./locales/*.json', '../services/*/locales/*.json', '../entries/*/locales/*.json']);

const wanted = new Set<string>();
const loaded = new Set<string>();
const listeners = new Set<() => void>();
let version = 0;

function pathOf(folder: string, language: Language): string {
  if (folder === 'app') return `./locales/${language}.json`;
  return `../${folder.startsWith('entries/') ? folder : `services/${folder}`}/locales/${language}.json`;
}

export const language = (): Language => (i18next.language as Language | undefined) ?? firstLanguage();

let started: Promise<unknown> | undefined;
const start = () =>
  (started ??= i18next.init({
    lng: firstLanguage(),
    fallbackLng: false,
    ns: ['text'],
    defaultNS: 'text',
    keySeparator: false,
    nsSeparator: false,
    resources: {},
    interpolation: { escapeValue: false },
    returnEmptyString: false,
  }));

async function load(folder: string, lng: Language): Promise<void> {
  const path = pathOf(folder, lng);
  if (loaded.has(path)) return;
  const file = await files[path]?.();
  if (!file) throw new Error(`no texts: ${path}`);
  loaded.add(path);
  await start();
  i18next.addResources(lng, 'text', file.default);
}

/** Loads the texts of the named folders (`app`, `consult`, …) in the present language. */
export async function loadTexts(...folders: string[]): Promise<void> {
  for (const folder of folders) wanted.add(folder);
  await Promise.all(folders.map((folder) => load(folder, language())));
}

function applyToDocument(): void {
  document.documentElement.lang = language();
  document.querySelector('link[rel=manifest]')?.setAttribute('href', `/manifest.${language()}.webmanifest`);
  version += 1;
  for (const listener of listeners) listener();
}

/** @param folder  the texts that the entry cannot do without */
export async function startTexts(folder = 'app'): Promise<void> {
  await loadTexts(folder);
  applyToDocument();
}

export async function setLanguage(lng: Language): Promise<void> {
  await Promise.all([...wanted].map((folder) => load(folder, lng)));
  await i18next.changeLanguage(lng);
  localStorage.setItem(kLanguageKey, lng);
  applyToDocument();
}

export type Translate = (key: string, params?: Record<string, unknown>) => string;

const translate: Translate = (key, params) => i18next.t(key, params ?? {});

/** Text of a key that may be unknown here (a code of the server, a state of a later flow): else the fallback. */
export function textOr(key: string, fallback: string, params?: Record<string, unknown>): string {
  return i18next.exists(key, params) ? i18next.t(key, params ?? {}) : fallback;
}

export function useText(): Translate {
  useLanguage();
  return translate;
}

export function useLanguage(): Language {
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => version,
  );
  return language();
}

/** For code outside components. */
export const text: Translate = translate;
