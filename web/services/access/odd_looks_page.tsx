/** Looks that somebody should explain, week by week: each line is a question, answered with a sentence. */
import { Button, NativeSelect, Textarea } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { explainOddLook, readOddLooks, type OddLook } from '../../api/audit';
import { useQuery } from '../../api/cache';
import { textOr, useText } from '../../app/i18n';
import { mayKeepPrivacy } from '../../app/roles';
import { useSession } from '../../app/session';
import { useTitle } from '../../app/title';
import { Act } from '../../ui/act_dialog';
import { Answered, EmptyCard } from '../../ui/cards';
import { formatDate, formatDateTime, nameIn } from '../../ui/format';
import './access.css';

export default function OddLooksPage() {
  const t = useText();
  const session = useSession();
  useTitle(t('app.nav.odd_looks'));
  const allowed = mayKeepPrivacy(session);
  const [week, setWeek] = useState('');
  const query = useQuery(allowed ? `odd-looks:${week}` : undefined, (signal) => readOddLooks(week, signal));
  const [open, setOpen] = useState<OddLook>();
  if (!allowed) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{t('app.nav.odd_looks')}</h1>
        {query.data && query.data.weeks.length > 1 && (
          <NativeSelect label={t('audit.odd.week')} value={query.data.week} onChange={(event) => setWeek(event.currentTarget.value)} data={query.data.weeks.map((one) => ({ value: one, label: formatDate(one) }))} />
        )}
      </div>
      <p className="q-dim">{t('audit.odd.explain')}</p>
      <Answered query={query}>
        {({ lines, manyPatients }) =>
          lines.length === 0 ? (
            <EmptyCard title={t('audit.odd.none')}>{t('audit.odd.none_help')}</EmptyCard>
          ) : (
            <ul className="acc-list q-stack">
              {lines.map((line) => (
                <li key={line.id} className="q-card q-stack-tight" data-odd={line.kind}>
                  <div className="q-between">
                    <span className="q-row">
                      <span className="q-strong">{nameIn(line.person)}</span>
                      <span className="q-dim q-small">{nameIn(line.organisation)}</span>
                    </span>
                    {line.explained ? <span className="q-chip q-chip-ok">{t('audit.odd.explained')}</span> : <span className="q-chip q-chip-warning">{t('audit.odd.open')}</span>}
                  </div>
                  <p>{textOr(`audit.odd.kind.${line.kind}`, line.kind, { count: line.count, limit: manyPatients })}</p>
                  <p className="q-small q-dim">
                    {line.patient && `${t('audit.odd.record')} ${line.patient.replace('Patient/', '')} · `}
                    {line.kind === 'many' ? formatDateTime(line.first) : t('audit.odd.looks', { count: line.count, first: formatDateTime(line.first), last: formatDateTime(line.last) })}
                  </p>
                  {line.explained ? (
                    <p className="q-note">
                      {line.explained.text}
                      <span className="q-small q-dim">
                        {' '}
                        {nameIn(line.explained.by)}, {formatDateTime(line.explained.at)}
                      </span>
                    </p>
                  ) : (
                    <div className="q-actions">
                      {line.patient && (
                        <Button size="compact-md" variant="subtle" component={Link} to={`/app/access/looks?patient=${line.patient.replace('Patient/', '')}`}>
                          {t('app.nav.looks')}
                        </Button>
                      )}
                      <Button size="compact-md" variant="default" onClick={() => setOpen(line)}>
                        {t('audit.odd.explain_act')}
                      </Button>
                    </div>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
      {open && <Explain line={open} onClose={() => setOpen(undefined)} onDone={() => (setOpen(undefined), query.reload())} />}
    </div>
  );
}

function Explain({ line, onClose, onDone }: { line: OddLook; onClose: () => void; onDone: () => void }) {
  const t = useText();
  const [text, setText] = useState('');
  return (
    <Act title={t('audit.odd.explain_act')} submit={t('app.save')} run={() => explainOddLook(line.id, text.trim())} onClose={onClose} onDone={onDone}>
      <p>{t('audit.odd.explain_help', { name: nameIn(line.person) })}</p>
      <Textarea label={t('audit.odd.explanation')} required minLength={4} maxLength={300} autosize minRows={3} value={text} onChange={(event) => setText(event.currentTarget.value)} />
    </Act>
  );
}
