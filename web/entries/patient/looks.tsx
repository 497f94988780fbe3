/** Who looked at the record: institution, role, time and reason. Names come through the privacy officer. */
import { useState } from 'react';
import { textOr, useText } from '../../app/i18n';
import { formatDate, formatDateTime, nameIn } from '../../ui/format';
import { Answered, ErrorNote, useLoad } from './parts';
import { AskSheet } from './requests';
import type { RequestKind } from '../../api/patients';
import { readLooks, type Look } from './wire';

type Visit = [Look, ...Look[]];

/** Lines one after the other of the same person's institution, role and reason on one day are one visit. */
function visits(looks: Look[]): Visit[] {
  const keyOf = (one: Look) => JSON.stringify([one.organisation?.resource, one.role, one.why, one.case?.id, one.person, formatDate(one.last)]);
  const all: Visit[] = [];
  for (const one of looks) {
    const last = all.at(-1);
    if (last && keyOf(last[0]) === keyOf(one)) last.push(one);
    else all.push([one]);
  }
  return all;
}

/** Each act once, with the parts of the record that it touched. */
function acts(visit: Visit): [string, string[]][] {
  const found = new Map<string, Set<string>>();
  for (const one of visit) found.set(one.act, (found.get(one.act) ?? new Set()).add(one.category));
  return [...found].map(([act, parts]) => [act, [...parts]]);
}

export function LooksPage({ who }: { who: string }) {
  const t = useText();
  const query = useLoad(() => readLooks(who), `looks ${who}`);
  const [more, setMore] = useState<{ looks: Look[]; next?: string }>();
  const [error, setError] = useState<unknown>();
  const [asking, setAsking] = useState<{ kind: RequestKind; item: string; about: string }>();
  const [asked, setAsked] = useState<string>();
  const next = more ? more.next : query.data?.next;
  const older = (before: string) =>
    readLooks(who, before).then(
      (page) => setMore({ looks: [...(more?.looks ?? []), ...page.looks], ...(page.next ? { next: page.next } : {}) }),
      setError,
    );
  const line = (one: Look) => `${nameIn(one.organisation) || t('mine.look.elsewhere')} · ${textOr(`mine.role.${one.role}`, one.role || t('mine.look.program'))}`;
  return (
    <div className="stack">
      <h1>{t('mine.page.looks')}</h1>
      <p>{t('mine.look.explain')}</p>
      {asked && (
        <p className="note note-ok" role="status">
          {t('mine.request.sent', { number: asked })}
        </p>
      )}
      <Answered query={query}>
        {(page) => (
          <>
            {!page.names && (
              <div>
                <button type="button" className="quiet" onClick={() => setAsking({ kind: 'names', item: '', about: '' })}>
                  {t('mine.look.ask_names')}
                </button>
              </div>
            )}
            {page.looks.length === 0 && <p className="card dim">{t('mine.look.none')}</p>}
            <ul className="list stack">
              {visits([...page.looks, ...(more?.looks ?? [])]).map(([one, ...others]) => (
                <li key={`${one.first} ${one.act} ${one.category}`} className="card stack-tight">
                  {one.role === 'patient' ? (
                    <p className="strong">{t('mine.look.yourself')}</p>
                  ) : (
                    <p className="strong">
                      {line(one)}
                      {one.person && ` · ${nameIn(one.person)}`}
                    </p>
                  )}
                  {acts([one, ...others]).map(([act, parts]) => (
                    <p key={act}>
                      {textOr(`mine.act.${act}`, act)}
                      {t('mine.look.colon')}
                      {parts.map((part) => textOr(`mine.category.${part}`, part)).join(t('mine.look.comma'))}
                    </p>
                  ))}
                  {one.role !== 'patient' && (
                    <p>
                      {t('mine.look.why')} {textOr(`mine.why.${one.why}`, one.why)} {one.case?.number && <a href={`#cases/${one.case.id}`}>{one.case.number}</a>}
                    </p>
                  )}
                  <div className="between">
                    <span className="dim small">{formatDateTime(one.last)}</span>
                    {one.role !== 'patient' && (
                      <button type="button" className="quiet small" onClick={() => setAsking({ kind: 'objection', item: `look ${one.last}`, about: `${line(one)} · ${formatDateTime(one.last)}` })}>
                        {t('mine.look.object')}
                        <span className="hidden"> {formatDateTime(one.last)}</span>
                      </button>
                    )}
                  </div>
                </li>
              ))}
            </ul>
            <ErrorNote error={error} />
            {next && (
              <div>
                <button type="button" className="quiet" onClick={() => void older(next)}>
                  {t('mine.look.older')}
                </button>
              </div>
            )}
          </>
        )}
      </Answered>
      {asking && (
        <AskSheet
          who={who}
          kind={asking.kind}
          item={asking.item || 'looks'}
          about={asking.about}
          onClose={() => setAsking(undefined)}
          onDone={(number) => {
            setAsking(undefined);
            setAsked(number);
          }}
        />
      )}
    </div>
  );
}
