/** What a form or a card does at its server, one act at a time. */
import { useState } from 'react';

/** What the server refuses stays in `error` until the next act; an act that was called off is no error. `then` follows one that went well. */
export function useOneAct(then: () => void) {
  const [busy, setBusy] = useState('');
  const [error, setError] = useState<unknown>();
  const run = async (name: string, work: () => Promise<unknown>, after = then) => {
    setBusy(name);
    setError(undefined);
    try {
      await work();
      after();
    } catch (cause) {
      if (!(cause instanceof DOMException && cause.name === 'AbortError')) setError(cause);
    } finally {
      setBusy('');
    }
  };
  return { busy, error, run };
}
