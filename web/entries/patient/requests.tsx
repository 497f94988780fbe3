/** What the patient asked of those who keep the record, by when it is answered, and the answers. */
import { useId, useState } from 'react';
import type { Asked, RequestKind } from '../../api/patients';
import { useText } from '../../app/i18n';
import { formatDate, formatDateTime, nameIn } from '../../ui/format';
import { Denials } from './denials';
import { ActForm, Answered, Sheet, useLoad } from './parts';
import { ask, readRequests, takeBack } from './wire';

const kKinds: readonly RequestKind[] = ['correction', 'objection', 'deletion', 'names'];

export function AskSheet({ who, kind: first, item = '', about = '', onClose, onDone }: { who: string; kind: RequestKind; item?: string; about?: string; onClose: () => void; onDone: (number: string) => void }) {
  const t = useText();
  const id = useId();
  const [kind, setKind] = useState(first);
  const [text, setText] = useState('');
  return (
    <Sheet title={t('mine.request.new')} onClose={onClose}>
      <ActForm submit={t('mine.request.submit')} onCancel={onClose} run={async () => onDone((await ask(who, kind, item, about ? `${about}\n${text}` : text)).number)}>
        {item === '' && (
          <div className="field">
            <label htmlFor={`${id}k`}>{t('mine.request.kind')}</label>
            <select id={`${id}k`} value={kind} onChange={(event) => setKind(event.currentTarget.value as RequestKind)}>
              {kKinds.map((one) => (
                <option key={one} value={one}>
                  {t(`mine.kind.${one}`)}
                </option>
              ))}
            </select>
          </div>
        )}
        <p>{t(`mine.kind_help.${kind}`)}</p>
        {about && <p className="box">{about}</p>}
        <div className="field">
          <label htmlFor={id}>{t('mine.request.text')}</label>
          <textarea id={id} rows={5} required maxLength={1200} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        </div>
      </ActForm>
    </Sheet>
  );
}

export function RequestsPage({ who, may }: { who: string; may: boolean }) {
  const t = useText();
  const query = useLoad(() => readRequests(who), `requests ${who}`);
  const [asking, setAsking] = useState(false);
  const [back, setBack] = useState<Asked>();
  return (
    <div className="stack">
      <div className="between">
        <h1>{t('mine.page.requests')}</h1>
        <button type="button" onClick={() => setAsking(true)}>
          {t('mine.request.new')}
        </button>
      </div>
      <p>{t('mine.request.explain')}</p>
      <Answered query={query}>
        {({ requests }) =>
          requests.length === 0 ? (
            <p className="card dim">{t('mine.request.none')}</p>
          ) : (
            <ul className="list stack">
              {requests.map((one) => (
                <li key={one.id} className="card stack-tight">
                  <span className="between">
                    <span className="strong">{t(`mine.kind.${one.kind}`)}</span>
                    <span className={one.outcome === 'withdrawn' ? 'chip' : one.state === 'answered' ? 'chip chip-ok' : one.late ? 'chip chip-bad' : 'chip'}>{one.outcome === 'withdrawn' ? t('mine.request.taken_back') : one.late ? t('mine.request.late') : t(`mine.request.state.${one.state}`)}</span>
                  </span>
                  <p className="pre">{one.text}</p>
                  <p className="dim small">
                    {one.number} · {formatDateTime(one.created)}
                  </p>
                  {one.state === 'answered' ? (
                    <div className="box">
                      <p className="strong">
                        {t(`mine.outcome.${one.outcome ?? 'done'}`)} · {formatDateTime(one.answered)}
                      </p>
                      {one.answer && <p className="pre">{one.answer}</p>}
                      {one.answeredBy && <p className="dim small">{t('mine.request.by', { name: nameIn(one.answeredBy) })}</p>}
                    </div>
                  ) : (
                    <>
                      <p>{t('mine.request.due', { date: formatDate(one.due) })}</p>
                      <div>
                        <button type="button" className="quiet" onClick={() => setBack(one)}>
                          {t('mine.request.back')}
                        </button>
                      </div>
                    </>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Answered>
      <Denials who={who} may={may} />
      {back && (
        <Sheet title={t('mine.request.back')} onClose={() => setBack(undefined)}>
          <ActForm
            submit={t('mine.request.back')}
            onCancel={() => setBack(undefined)}
            run={async () => {
              await takeBack(who, back.id);
              setBack(undefined);
              query.reload();
            }}
          >
            <p>{t('mine.request.back_explain', { number: back.number })}</p>
          </ActForm>
        </Sheet>
      )}
      {asking && (
        <AskSheet
          who={who}
          kind="correction"
          onClose={() => setAsking(false)}
          onDone={() => {
            setAsking(false);
            query.reload();
          }}
        />
      )}
    </div>
  );
}
