/** What the office of the sending institution did with the request, where one is asked. */
import type { CaseView } from '../../api/flow';
import { useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';

export function OfficeNote({ office }: { office: CaseView['office'] }) {
  const t = useText();
  if (!office) return null;
  const name = nameIn(office.by);
  if (office.state === 'approved') return <p className="q-small q-dim">{t('consult.office.approved', { name, time: formatDateTime(office.at) })}</p>;
  return (
    <section className={`q-note q-stack-tight ${office.state === 'waiting' ? '' : 'q-note-warning'}`} role={office.state === 'sent_back' ? 'alert' : undefined} data-office={office.state}>
      <p className="q-strong">{t(`consult.office.${office.state}`, { name })}</p>
      {office.reason && <p className="q-pre">{office.reason}</p>}
    </section>
  );
}
