/** What a page shows while there is nothing to show: empty, refused, old, or still on its way. */
import { Button, Loader } from '@mantine/core';
import { useEffect, useState, type ReactNode } from 'react';
import { ApiError } from '../api/http';
import type { Query } from '../api/cache';
import { textOr, useText } from '../app/i18n';
import { formatDateTime, formatDuration } from './format';

export function EmptyCard({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="q-card q-stack" role="status">
      <p className="q-strong">{title}</p>
      {children && <div className="q-dim">{children}</div>}
      {action && <div className="q-actions">{action}</div>}
    </div>
  );
}

/** The server's code in the reader's words; an unknown code is shown as it is, never hidden. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return textOr('error.client.unexpected', 'error');
  return textOr(`error.${error.code}`, textOr('error.unknown', error.code, { code: error.code }));
}

export function ErrorCard({ error, onRetry, children }: { error: unknown; onRetry?: () => void; children?: ReactNode }) {
  const t = useText();
  const known = error instanceof ApiError ? error : undefined;
  const fields = known?.details.filter((detail) => detail.field) ?? [];
  return (
    <div className="q-note q-note-critical q-stack-tight" role="alert">
      <p className="q-strong">{errorText(error)}</p>
      {fields.length > 0 && (
        <ul>
          {fields.map((detail, index) => (
            <li key={index}>
              {textOr(`consult.need.${detail.field.split('.')[0]}`, detail.field)}
              {': '}
              {textOr(`error.${detail.code}`, detail.text || detail.code)}
            </li>
          ))}
        </ul>
      )}
      {known && (
        <p className="q-small q-dim">
          {t('app.error_code', { code: known.code })}
          {known.status > 0 && ` · ${known.status}`}
        </p>
      )}
      {children}
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

/** After a second of waiting it says what is waited for; a bare spinner never stands alone. */
export function Busy({ label }: { label?: string }) {
  const t = useText();
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), 700);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="q-row q-dim" role="status" aria-live="polite">
      <Loader size="sm" aria-hidden />
      {long && <span>{label ?? t('app.loading')}</span>}
    </div>
  );
}

export function StaleNote({ at, error, onRetry }: { at: number; error: ApiError; onRetry: () => void }) {
  const t = useText();
  return (
    <div className="q-note q-note-warning q-between" role="status">
      <span>
        {t('app.stale', { age: formatDuration(Date.now() - at) })} {errorText(error)}
      </span>
      <Button size="compact-sm" variant="default" onClick={onRetry}>
        {t('app.retry')}
      </Button>
    </div>
  );
}

/** So old may something be that is shown as a state of things; older, it is marked as old. */
const kFreshMs = 15 * 60_000;

/** What lay on this device: always with its age, never plain. */
function KeptNote({ at, loading, onRetry }: { at: number; loading: boolean; onRetry: () => void }) {
  const t = useText();
  const age = Date.now() - at;
  return (
    <div className={`q-note ${age > kFreshMs ? 'q-note-warning' : ''} q-between`} role="status">
      <span>{t(age > kFreshMs ? 'app.kept_old' : 'app.kept', { age: formatDuration(age), time: formatDateTime(at) })}</span>
      <Button size="compact-sm" variant="default" loading={loading} onClick={onRetry}>
        {t('app.retry')}
      </Button>
    </div>
  );
}

/** Waiting, refused, stale or there: the four faces of one query. */
export function Answered<T>({ query, children, label }: { query: Query<T>; children: (data: T) => ReactNode; label?: string }) {
  if (query.data === undefined) {
    if (query.error) return <ErrorCard error={query.error} onRetry={query.reload} />;
    return <Busy {...(label ? { label } : {})} />;
  }
  return (
    <>
      {query.kept ? <KeptNote at={query.at} loading={query.loading} onRetry={query.reload} /> : query.error && <StaleNote at={query.at} error={query.error} onRetry={query.reload} />}
      {children(query.data)}
    </>
  );
}
