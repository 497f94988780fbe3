/** What was measured and noted, each entry with the way to ask for its correction. */
import { useState, type ReactNode } from 'react';
import { textOr, useText } from '../../app/i18n';
import { formatDateTime } from '../../ui/format';
import { Answered, useLoad } from './parts';
import { AskSheet } from './requests';
import { readRecord } from './wire';

interface Entry {
  reference: string;
  what: string;
  value: string;
  at: string | null;
}

export function RecordPage({ who }: { who: string }) {
  const t = useText();
  const query = useLoad(() => readRecord(who), `record ${who}`);
  const [wrong, setWrong] = useState<Entry>();
  const [asked, setAsked] = useState<string>();
  const named = (code: string, text: string) => textOr(`mine.code.${code}`, text || code);
  const group = (title: string, none: string, entries: Entry[]): ReactNode => (
    <section className="card stack-tight">
      <h2>{title}</h2>
      {entries.length === 0 && <p className="dim">{none}</p>}
      <ul className="list">
        {entries.map((one) => (
          <li key={one.reference} className="entry">
            <span>
              <span className="strong">{one.what}</span> {one.value}
              <br />
              <span className="dim small">{formatDateTime(one.at)}</span>
            </span>
            <button type="button" className="quiet small" onClick={() => setWrong(one)}>
              {t('mine.record.wrong')}
              <span className="hidden"> {one.what}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
  return (
    <div className="stack">
      <h1>{t('mine.page.record')}</h1>
      {asked && (
        <p className="note note-ok" role="status">
          {t('mine.request.sent', { number: asked })}
        </p>
      )}
      <Answered query={query}>
        {(record) => (
          <>
            {group(t('mine.record.observations'), t('mine.record.no_observations'), record.observations.map((one) => ({ reference: one.reference, what: named(one.code, one.text), value: one.value ?? '', at: one.at })))}
            {group(t('mine.record.allergies'), t('mine.record.nothing_noted'), record.allergies.map((one) => ({ reference: one.reference, what: named(one.code, one.text), value: one.reaction, at: one.at })))}
            {group(t('mine.record.drugs'), t('mine.record.nothing_noted'), record.drugs.map((one) => ({ reference: one.reference, what: named(one.code, one.text), value: one.dosage ?? '', at: one.at })))}
            {group(t('mine.record.studies'), t('mine.record.no_studies'), record.studies.map((one) => ({ reference: one.reference, what: textOr(`mine.modality.${one.modality}`, one.modality), value: one.text ?? '', at: one.at })))}
          </>
        )}
      </Answered>
      {wrong && (
        <AskSheet
          who={who}
          kind="correction"
          item={wrong.reference}
          about={`${wrong.what} ${wrong.value}`.trim()}
          onClose={() => setWrong(undefined)}
          onDone={(number) => {
            setWrong(undefined);
            setAsked(number);
          }}
        />
      )}
    </div>
  );
}
