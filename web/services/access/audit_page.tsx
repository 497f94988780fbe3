/** What was done in this centre, by whom and to whose record: for the audit administrator, and for privacy officers what concerns their patients. */
import { useState } from 'react';
import { exportAudit, type AuditQuestion } from '../../api/audit';
import { useText } from '../../app/i18n';
import { mayKeepPrivacy, mayReadAudit } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { EmptyCard } from '../../ui/cards';
import { saveFile } from '../../ui/csv';
import { ChainCard } from './audit_chain';
import { AuditExport } from './audit_export';
import { AuditRows } from './audit_rows';
import { AuditSearch, questionOf, kDefaultSpan } from './audit_search';
import './access.css';

export default function AuditPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.audit'));
  const whole = mayReadAudit(session);
  const [question, setQuestion] = useState<AuditQuestion>(() => questionOf(kDefaultSpan));
  if (!whole && !mayKeepPrivacy(session)) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  const save = async (format: 'csv' | 'ndjson') => {
    const file = await exportAudit(question, format);
    saveFile(`audit-${question.from.slice(0, 10)}.${format}`, file.bytes);
    return file;
  };
  return (
    <div className="q-page">
      <h1>{t('app.nav.audit')}</h1>
      <p className="q-dim">{t(whole ? 'audit.explain' : 'audit.explain_privacy')}</p>
      {whole && <ChainCard />}
      <AuditSearch onSearch={setQuestion} />
      {whole && <AuditExport onExport={save} />}
      <AuditRows key={JSON.stringify(question)} question={question} />
    </div>
  );
}
