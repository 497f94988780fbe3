/** One act of a person on a case: identity asked again where the move signs, then the move itself. */
import { useRef, useState } from 'react';
import { invalidate } from '../../api/cache';
import { ApiError, newId } from '../../api/http';
import { makeMove, type Field } from '../../api/flow';
import { isProved, stepUp } from '../../api/session';
import { refreshCase } from './case_query';

export interface Act {
  id: string;
  version: number;
  action: string;
  signs: boolean;
  password: string;
  reason?: string;
  occurred?: string;
  occurredReason?: string;
  fields?: Record<string, Field | undefined>;
  /** Ends the person's own right to the case: it is not asked for again. */
  leaves?: boolean;
}

export interface ActState {
  busy: boolean;
  error: unknown;
  wrongPassword: boolean;
  clear: () => void;
  /** True when the move is made. */
  run: (act: Act) => Promise<boolean>;
}

export function useAct(): ActState {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [wrongPassword, setWrongPassword] = useState(false);
  // One id an attempt of the person: a second press after a broken line is the same act, a changed one is not.
  const attempt = useRef({ key: '', id: '' });
  const run = async (act: Act): Promise<boolean> => {
    setBusy(true);
    setError(undefined);
    setWrongPassword(false);
    const key = JSON.stringify([act.id, act.version, act.action, act.reason, act.occurred, act.fields]);
    if (attempt.current.key !== key) attempt.current = { key, id: newId() };
    try {
      if (act.signs && !(act.password === '' && isProved())) {
        try {
          await stepUp(act.password);
        } catch (cause) {
          if (cause instanceof ApiError && (cause.status === 401 || cause.status === 403 || cause.status === 422)) setWrongPassword(true);
          throw cause;
        }
      }
      await makeMove({
        id: act.id,
        version: act.version,
        action: act.action,
        moveId: attempt.current.id,
        ...(act.reason ? { reason: act.reason } : {}),
        ...(act.occurred ? { occurred: act.occurred } : {}),
        ...(act.occurredReason ? { occurredReason: act.occurredReason } : {}),
        ...(act.fields ? { fields: act.fields } : {}),
      });
      if (act.leaves) invalidate('list:', 'worklists');
      else refreshCase(act.id);
      return true;
    } catch (cause) {
      setError(cause);
      if (cause instanceof ApiError && (cause.status === 412 || cause.status === 409)) refreshCase(act.id);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, wrongPassword, clear: () => setError(undefined), run };
}
