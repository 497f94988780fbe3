/** The patient's consultations: where each stands, what was answered, what happened when. */
import { textOr, useText } from '../../app/i18n';
import { formatDateTime, nameIn } from '../../ui/format';
import { Answered, useLoad } from './parts';
import { TakeAlong } from './take_along';
import { opinionUrl, readCase, readCases, type CaseRow, type CaseView, type Opinion } from './wire';

function StateLine({ row }: { row: CaseRow }) {
  const t = useText();
  const holder = row.with === 'from' ? row.from : row.to;
  return (
    <>
      <p className="strong">{textOr(`mine.state.${row.state}`, row.state)}</p>
      {row.with && <p>{t('mine.case.with', { name: nameIn(holder) })}</p>}
      {row.until && <p className="dim">{t('mine.case.until', { time: formatDateTime(row.until) })}</p>}
    </>
  );
}

export function CasesPage({ who }: { who: string }) {
  const t = useText();
  const query = useLoad(() => readCases(who), `cases ${who}`);
  return (
    <div className="stack">
      <h1>{t('mine.page.cases')}</h1>
      <Answered query={query}>
        {({ cases }) =>
          cases.length === 0 ? (
            <div className="card">
              <p className="strong">{t('mine.case.none')}</p>
              <p className="dim">{t('mine.case.none_help')}</p>
            </div>
          ) : (
            <ul className="list stack">
              {cases.map((row) => (
                <li key={row.case}>
                  <a className="card link" href={`#cases/${row.case}`}>
                    <span className="between">
                      <span className="strong">{t('mine.case.title', { to: nameIn(row.to) })}</span>
                      {row.has_opinion && <span className="chip chip-ok">{t('mine.case.answered')}</span>}
                    </span>
                    <StateLine row={row} />
                    <p className="dim small">
                      {formatDateTime(row.sent)} · {row.number}
                    </p>
                  </a>
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
      <TakeAlong who={who} />
    </div>
  );
}

export function CasePage({ who, id }: { who: string; id: string }) {
  const t = useText();
  const query = useLoad(() => readCase(who, id), `case ${who} ${id}`);
  return (
    <div className="stack">
      <a href="#cases">{t('mine.back')}</a>
      <Answered query={query}>{(item) => <Case who={who} item={item} />}</Answered>
    </div>
  );
}

function Case({ who, item }: { who: string; item: CaseView }) {
  const t = useText();
  return (
    <>
      <h1>{t('mine.case.title', { to: nameIn(item.to) })}</h1>
      <section className="card stack-tight">
        <StateLine row={item} />
        <p className="dim">{t('mine.case.asked_by', { name: nameIn(item.from), time: formatDateTime(item.sent), number: item.number })}</p>
      </section>
      {item.opinion ? <OpinionCard who={who} id={item.case} opinion={item.opinion} /> : <p className="note">{t('mine.opinion.none')}</p>}
      {item.question && (
        <section className="card stack-tight">
          <h2>{t('mine.case.question')}</h2>
          <p className="pre">{item.question}</p>
        </section>
      )}
      <section className="card stack-tight">
        <h2>{t('mine.case.happened')}</h2>
        <ol className="list stack-tight">
          {item.timeline.map((row, index) => (
            <li key={index} className="happened">
              <span className="dim small">{formatDateTime(row.at)}</span> <span>{textOr(`mine.event.${row.action}`, row.action)}</span>
            </li>
          ))}
        </ol>
      </section>
    </>
  );
}

const kParts = ['do_now', 'when_to_send', 'danger_signs', 'call'] as const;

function OpinionCard({ who, id, opinion }: { who: string; id: string; opinion: Opinion }) {
  const t = useText();
  return (
    <section className="card stack">
      <h2>{t('mine.opinion.title')}</h2>
      {!opinion.good ? <p className="note note-bad">{t('mine.opinion.altered')}</p> : <p className="chip chip-ok">{t('mine.opinion.signed', { name: nameIn(opinion.signer), time: formatDateTime(opinion.signed) })}</p>}
      <div>
        <h3>{t('mine.opinion.findings')}</h3>
        <p className="pre">{opinion.findings}</p>
      </div>
      {kParts.map((part) => (
        <div key={part} className={part === 'danger_signs' ? 'note note-warn' : 'box'}>
          <h3>{t(`mine.opinion.${part}`)}</h3>
          <p className="pre">{opinion[part]}</p>
        </div>
      ))}
      <p className="dim">{t('mine.opinion.advice')}</p>
      <div className="acts">
        <a className="button" href={opinionUrl(who, id)} target="_blank" rel="noreferrer">
          {t('mine.opinion.pdf')}
        </a>
        <a href={opinion.verify} target="_blank" rel="noreferrer">
          {t('mine.opinion.verify')}
        </a>
      </div>
    </section>
  );
}
