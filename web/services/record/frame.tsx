/** What the pages of the record browser share: who may be here, the way between them, and working as a program. */
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useState, useSyncExternalStore, type FormEvent, type ReactNode } from 'react';
import { NavLink } from 'react-router';
import { actAs, actingClient, stopActing, whenActingChanges } from '../../api/acting_client';
import { ApiError } from '../../api/http';
import { textOr, useText } from '../../app/i18n';
import { developsWithRecord, mayBrowseRecord, maySeePatients } from '../../app/roles';
import { useSession } from '../../app/session';
import { EmptyCard, errorText } from '../../ui/cards';
import { Dialog } from '../../ui/dialog';
import { formatTime } from '../../ui/format';
import './record.css';

export const useActingClient = () => useSyncExternalStore(whenActingChanges, actingClient);

/** `always`: the page shows nothing of patients, so that an administrator without a client sees it too. */
export function RecordFrame({ title, always = false, children }: { title: ReactNode; always?: boolean; children: ReactNode }) {
  const t = useText();
  const session = useSession();
  const client = useActingClient();
  const [asking, setAsking] = useState(false);
  if (!mayBrowseRecord(session)) return <div className="q-page"><EmptyCard title={t('error.access.not_yours')} /></div>;
  const develops = developsWithRecord(session);
  const reads = client !== undefined || maySeePatients(session);
  return (
    <div className="q-page">
      <div className="q-between">
        <h1>{title}</h1>
        <nav className="q-row rec-nav" aria-label={t('fhir.pages')}>
          <NavLink to="/app/record" end>
            {t('fhir.search')}
          </NavLink>
          {develops && <NavLink to="/app/record/bulk">{t('fhir.bulk')}</NavLink>}
          {develops && <NavLink to="/app/record/subscriptions">{t('fhir.subs')}</NavLink>}
        </nav>
      </div>
      {client ? (
        <div className="q-note q-note-warning q-between" role="status" data-acting={client.id}>
          <span>{t('fhir.client.acting', { client: client.id, time: formatTime(client.until) })}</span>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => {
              setAsking(false);
              stopActing();
            }}
          >
            {t('fhir.client.stop')}
          </Button>
        </div>
      ) : (
        (reads || always) && (
          <p className="q-dim q-small">
            {!always && t('fhir.own_rights')}{' '}
            {develops && (
              <button type="button" className="rec-link" onClick={() => setAsking(true)}>
                {t('fhir.client.act')}
              </button>
            )}
          </p>
        )
      )}
      {reads || always ? (
        <Fresh key={client?.id ?? ''}>{children}</Fresh>
      ) : (
        <section className="q-card q-stack" aria-labelledby="rec-closed">
          <h2 id="rec-closed">{t('fhir.closed')}</h2>
          <p>{t('fhir.closed_help')}</p>
          <ClientForm />
        </section>
      )}
      {asking && !client && (
        <Dialog title={t('fhir.client.act')} onClose={() => setAsking(false)}>
          <ClientForm />
        </Dialog>
      )}
    </div>
  );
}

/** Another reader, another record: nothing of the one before stays on the page. */
function Fresh({ children }: { children: ReactNode }) {
  return <>{children}</>;
}

function ClientForm() {
  const t = useText();
  const [id, setId] = useState('');
  const [secret, setSecret] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await actAs(id.trim(), secret);
    } catch (cause) {
      setError(cause);
      setSecret('');
      setBusy(false);
    }
  };
  // OAuth's own refusal carries no code of ours.
  const refused = error instanceof ApiError && error.status === 401;
  return (
    <form className="q-stack" onSubmit={(event) => void submit(event)}>
      <p className="q-dim">{t('fhir.client.help')}</p>
      <TextInput label={t('fhir.client.id')} required maxLength={128} autoComplete="off" spellCheck={false} value={id} onChange={(event) => setId(event.currentTarget.value)} />
      <PasswordInput label={t('fhir.client.secret')} required maxLength={256} autoComplete="off" value={secret} onChange={(event) => setSecret(event.currentTarget.value)} visibilityToggleButtonProps={{ 'aria-label': t('app.show_password') }} />
      {refused ? (
        <p className="q-note q-note-critical" role="alert">
          {t('fhir.client.refused')}
        </p>
      ) : (
        error !== undefined && <RecordError error={error} />
      )}
      <div className="q-actions">
        <Button type="submit" loading={busy}>
          {t('fhir.client.begin')}
        </Button>
      </div>
    </form>
  );
}

/** A refusal in the reader's language, with the server's own words and code for the developer. */
export function RecordError({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useText();
  const known = error instanceof ApiError ? error : undefined;
  const words = (known?.details ?? []).filter((one) => one.text || one.field);
  return (
    <div className="q-note q-note-critical q-stack-tight" role="alert" data-error={known?.code ?? ''}>
      <p className="q-strong">{errorText(error)}</p>
      {words.map((one, index) => (
        <p key={index} className="rec-mono">
          {one.field && `${one.field}: `}
          {one.code !== known?.code && `${textOr(`error.${one.code}`, one.code)} `}
          {one.text}
        </p>
      ))}
      {known && (
        <p className="q-small q-dim">
          {t('app.error_code', { code: known.code })}
          {known.status > 0 && ` · ${known.status}`}
        </p>
      )}
      {onRetry && (
        <div>
          <Button size="compact-sm" variant="default" onClick={onRetry}>
            {t('app.retry')}
          </Button>
        </div>
      )}
    </div>
  );
}
