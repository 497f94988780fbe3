/** Where somebody else is signed in, for the security administrator, and an end to all of it. */
import { useQuery } from '../../api/cache';
import type { Member } from '../../api/people';
import { endSessionsOf, readSessionsOf } from '../../api/security';
import { useText } from '../../app/i18n';
import { Answered } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { nameIn } from '../../ui/format';
import { ActForm } from './add_factor';
import { SessionList } from './session_list';
import './access.css';

export function PersonSessions({ person, onClose }: { person: Member; onClose: () => void }) {
  const t = useText();
  const sessions = useQuery(`access:sessions:${person.practitioner}`, (signal) => readSessionsOf(person.practitioner, signal));
  const end = async () => {
    await endSessionsOf(person.practitioner);
    sessions.reload();
  };
  return (
    <Dialog title={t('security.sessions.of', { name: nameIn(person) })} onClose={onClose}>
      <Answered query={sessions}>
        {(all) =>
          all.length === 0 ? (
            <p className="q-dim">{t('security.sessions.none')}</p>
          ) : (
            <ActForm submit={t('security.sessions.end_all')} run={end}>
              <SessionList sessions={all} />
            </ActForm>
          )
        }
      </Answered>
    </Dialog>
  );
}
