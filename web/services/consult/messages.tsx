/** Messages of a case: part of the record, seen by its participants only. */
import { Button, Textarea } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { newId } from '../../api/http';
import { sendMessage, type CaseView } from '../../api/flow';
import { useText } from '../../app/i18n';
import { useSession } from '../../app/session';
import { useTabWork } from '../../app/tab_work';
import { ErrorCard } from '../../ui/cards';
import { formatDateTime, nameIn } from '../../ui/format';
import { refreshCase } from '../cases/case_query';
import { useKept } from './kept';

export function Messages({ case: view }: { case: CaseView }) {
  const t = useText();
  const session = useSession();
  const [text, setText, drop] = useKept(`message:${view.case}`, '');
  const work = useTabWork();
  const isWriting = text.trim() !== '';
  useEffect(() => {
    if (isWriting) work.begin(`message:${view.case}`);
    else work.end(`message:${view.case}`);
  }, [isWriting, view.case, work]);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const attempt = useRef({ text: '', id: '' });
  const send = async () => {
    if (text.trim() === '') return;
    if (attempt.current.text !== text) attempt.current = { text, id: newId() };
    setBusy(true);
    setError(undefined);
    try {
      await sendMessage(view.case, text.trim(), attempt.current.id);
      drop();
      refreshCase(view.case);
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };
  const messages = view.messages ?? [];
  return (
    <div className="q-stack">
      {messages.length === 0 && <p className="q-dim">{t('consult.messages.none')}</p>}
      <ol className="q-list q-stack-tight" aria-live="polite">
        {messages.map((message) => (
          <li key={message.id} className={`m-message ${message.by?.reference === session.person.practitioner ? 'm-own' : ''}`}>
            <span className="q-small q-dim">
              {nameIn(message.by)} · <span className="q-num">{formatDateTime(message.sent)}</span>
            </span>
            <span className="q-pre">{message.text}</span>
          </li>
        ))}
      </ol>
      {view.ended ? (
        <p className="q-small q-dim">{t('consult.messages.ended')}</p>
      ) : (
        <form
          className="q-stack-tight"
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <Textarea label={t('consult.messages.write')} description={t('consult.messages.help')} rows={2} maxLength={2600} value={text} onChange={(event) => setText(event.currentTarget.value)} />
          {error !== undefined && <ErrorCard error={error} />}
          <div>
            <Button type="submit" size="compact-md" variant="default" loading={busy} disabled={text.trim() === ''}>
              {t('consult.messages.send')}
            </Button>
          </div>
        </form>
      )}
    </div>
  );
}
