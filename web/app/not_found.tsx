import { Link } from 'react-router';
import { EmptyCard } from '../ui/cards';
import { useText } from './i18n';
import { useTitle } from './title';

export default function NotFound() {
  const t = useText();
  useTitle(t('app.not_found'));
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.not_found')}</h1>
      <EmptyCard title={t('app.not_found_help')} action={<Link to="/app/today">{t('app.nav.today')}</Link>} />
    </div>
  );
}
