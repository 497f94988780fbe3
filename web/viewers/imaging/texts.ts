/** The viewer's texts: namespace `imaging`, both languages in the viewer's own chunk, so that a switch needs no request. */
import i18next from 'i18next';
import { useMemo } from 'react';
import en from './locales/en.json';
import zhCN from './locales/zh-CN.json';
import type { Translate } from './measurements';

i18next.addResourceBundle('zh-CN', 'imaging', zhCN);
i18next.addResourceBundle('en', 'imaging', en);

export function useImagingText(language: string): Translate {
  return useMemo(() => {
    const fixed = i18next.getFixedT(language.startsWith('zh') ? 'zh-CN' : 'en', 'imaging');
    return (key, params) => fixed(key, params ?? {});
  }, [language]);
}
