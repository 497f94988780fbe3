/** A request that came back: who gave it back and why, what is missing, and where it is added. */
import { Link } from 'react-router';
import type { CaseView, CodedItem } from '../../api/flow';
import { useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';
import { missingItemText } from '../cases/move_fields';

export function ReturnedNote({ case: view, missing }: { case: CaseView; missing: readonly CodedItem[] }) {
  const t = useText();
  const back = [...(view.timeline ?? [])].reverse().find((entry) => entry.action === 'give_back');
  return (
    <section className="q-note q-note-warning q-stack-tight cp-first" role="alert">
      <h2>{t('consult.returned.title')}</h2>
      <ul>
        {missing.map((item) => (
          <li key={item.code}>{missingItemText(item)}</li>
        ))}
      </ul>
      {back && (
        <p className="q-pre">
          <span className="q-dim">{t('consult.returned.reason', { name: nameIn(back.by), time: formatDateTime(back.occurred) })}</span> {back.reason}
        </p>
      )}
      <p className="q-row">
        <a
          href="#add-photos"
          onClick={(event) => {
            event.preventDefault();
            document.getElementById('add-photos')?.scrollIntoView({ block: 'center' });
          }}
        >
          {t('consult.returned.add_photos')}
        </a>
        <Link to={`/app/consult/${view.case}/images`}>{t('consult.returned.add_images')}</Link>
      </p>
    </section>
  );
}
