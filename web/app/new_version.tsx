/**
 * The service worker from the page's side: registered once the first list is on screen, because before that its download
 * would take the thin line from the page itself. A newer version waits; the person is asked when nothing is begun, and
 * only the tab in which they say yes reloads. Other tabs go on with the version they have.
 */
import { Button } from '@mantine/core';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { isQuiet } from '../api/cache';
import { useNotices } from '../api/events';
import { useText } from './i18n';
import { useWorkOfTab } from './tab_work';

const kLookAgainMs = 60 * 60_000;
const kQuietMs = 500;

let registration: ServiceWorkerRegistration | undefined;
let isNew = false;
const listeners = new Set<() => void>();

function sayNew(): void {
  isNew = true;
  for (const listener of listeners) listener();
}

/** A worker that has installed while another one rules is a newer version; the very first one is not. */
function watch(found: ServiceWorkerRegistration): void {
  registration = found;
  if (found.waiting && found.active) sayNew();
  found.addEventListener('updatefound', () => {
    const worker = found.installing;
    worker?.addEventListener('statechange', () => {
      if (worker.state === 'installed' && found.active) sayNew();
    });
  });
  setInterval(() => void found.update().catch(() => undefined), kLookAgainMs);
}

let isAsked = false;

/** Keeps the application on this device as soon as nothing of the page is on its way any more. */
export function useServiceWorker(firstListIsThere: boolean): void {
  useEffect(() => {
    if (!firstListIsThere || isAsked || !('serviceWorker' in navigator)) return undefined;
    const timer = setInterval(() => {
      if (!isQuiet()) return;
      clearInterval(timer);
      if (isAsked) return;
      isAsked = true;
      const ruled = navigator.serviceWorker.controller !== null;
      navigator.serviceWorker.addEventListener('controllerchange', () => ruled && sayNew());
      // Without one (a private window, a full device) the application works while there is a line.
      navigator.serviceWorker.register('/sw.js').then(watch, () => (isAsked = false));
    }, kQuietMs);
    return () => clearInterval(timer);
  }, [firstListIsThere]);
}

async function reloadNew(): Promise<void> {
  const waiting = registration?.waiting;
  if (waiting) {
    const ruled = new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }));
    waiting.postMessage('activate');
    await ruled;
  }
  location.reload();
}

export function NewVersionRow() {
  const t = useText();
  const found = useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => isNew,
  );
  const work = useWorkOfTab();
  const rings = useNotices().some((notice) => notice.code === 'flow.emergency_call');
  const [busy, setBusy] = useState(false);
  // Not while a form is begun or somebody is rung: a reload then would be in the way.
  if (!found || work || rings) return null;
  return (
    <div className="s-bar s-bar-info" role="status">
      <span>{t('app.new_version')}</span>
      <Button size="compact-sm" variant="default" loading={busy} onClick={() => (setBusy(true), void reloadNew())}>
        {t('app.new_version.reload')}
      </Button>
    </div>
  );
}
