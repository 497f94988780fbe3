/** The few parts of which the patient's pages are made. */
import { useCallback, useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { ApiError } from '../../api/http';
import { textOr, useText } from '../../app/i18n';
import { useModal } from '../../ui/modal';

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  reload: () => void;
}

export function useLoad<T>(load: () => Promise<T>, key: string): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const run = useCallback(() => {
    let live = true;
    latest.current().then(
      (data) => live && setState({ key, data }),
      (error: unknown) => live && setState({ key, error }),
    );
    return () => {
      live = false;
    };
  }, [key]);
  useEffect(() => run(), [run]);
  const mine = state.key === key ? state : { key };
  return { data: mine.data, error: mine.error, reload: () => void run() };
}

export function errorText(error: unknown): string {
  const code = error instanceof ApiError ? error.code : 'client.unexpected';
  return textOr(`mine.error.${code}`, textOr('mine.error.other', code, { code }));
}

export function ErrorNote({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const t = useText();
  if (!error) return null;
  return (
    <div className="note note-bad" role="alert">
      <p>{errorText(error)}</p>
      {error instanceof ApiError && error.retryAfterS > 0 && <p>{t('mine.wait', { count: error.retryAfterS })}</p>}
      {onRetry && (
        <button type="button" className="quiet" onClick={onRetry}>
          {t('mine.retry')}
        </button>
      )}
    </div>
  );
}

export function Answered<T>({ query, children }: { query: Loaded<T>; children: (data: T) => ReactNode }) {
  const t = useText();
  if (query.error) return <ErrorNote error={query.error} onRetry={query.reload} />;
  if (query.data === undefined) return <p role="status">{t('mine.loading')}</p>;
  return <>{children(query.data)}</>;
}

export function Field({ label, help, ...input }: { label: string; help?: string } & React.InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} aria-describedby={help ? `${id}h` : undefined} {...input} />
      {help && (
        <p className="dim small" id={`${id}h`}>
          {help}
        </p>
      )}
    </div>
  );
}

/** A form whose act says when it runs and what refused it. */
export function ActForm({ submit, run, children, onCancel }: { submit: string; run: () => Promise<unknown>; children: ReactNode; onCancel?: () => void }) {
  const t = useText();
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        setBusy(true);
        setError(undefined);
        run()
          .catch(setError)
          .finally(() => setBusy(false));
      }}
    >
      {children}
      <ErrorNote error={error} />
      <div className="acts">
        <button type="submit" disabled={busy} aria-busy={busy}>
          {submit}
        </button>
        {onCancel && (
          <button type="button" className="quiet" onClick={onCancel}>
            {t('mine.cancel')}
          </button>
        )}
      </div>
    </form>
  );
}

export function Sheet({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const { title: id, dialog } = useModal(onClose);
  return (
    <dialog {...dialog}>
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
