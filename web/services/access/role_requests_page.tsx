/** For administrators: what waits for a second one. */
import { useText } from '../../app/i18n';
import { isAdministrator } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { EmptyCard } from '../../ui/cards';
import { RoleRequests } from './role_requests';

export default function RoleRequestsPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.role_requests'));
  if (!isAdministrator(session)) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page q-page-narrow">
      <h1>{t('app.nav.role_requests')}</h1>
      <p className="q-dim">{t('people.request.explain')}</p>
      <RoleRequests />
    </div>
  );
}
