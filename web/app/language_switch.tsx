/** Chinese or English, at once and without a reload. */
import { Icon } from '../ui/icons';
import { setLanguage, useLanguage, useText } from './i18n';

export function LanguageSwitch() {
  const t = useText();
  const language = useLanguage();
  const other = language === 'en' ? 'zh-CN' : 'en';
  return (
    <button type="button" className="s-icon" lang={other} onClick={() => void setLanguage(other)} aria-label={t('app.switch_language')}>
      <Icon name="globe" /> <span className="s-label">{other === 'en' ? 'English' : '中文'}</span>
    </button>
  );
}
