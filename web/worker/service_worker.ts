/**
 * Starts the application without a network: answers `/`, the pages below /app/ and built files from what it kept when this
 * version was installed. It keeps nothing else: requests to the server's interfaces never pass through it, so nothing
 * of a patient can lie in its caches. A new version waits until a person asks for it; files of the version before stay,
 * so that a tab that still runs it finds its chunks.
 */
export type {};
declare const self: ServiceWorkerGlobalScope;
/** Put in by the build: a digest of the list, and every small file that the application may ask for. */
declare const kBuild: { version: string; files: string[] };

const kPrefix = 'qiao.shell.';
const kPage = '/app/today';
const kName = kPrefix + kBuild.version;
/** The page's place in a cache; no address of the application. */
const kPageKey = '/app/';

/** One after the other, behind whatever the page itself asks for; what an earlier try brought is not fetched again. */
async function install(): Promise<void> {
  const cache = await caches.open(kName);
  for (const path of kBuild.files) {
    if (await cache.match(path)) continue;
    const answer = await fetch(path, { priority: 'low' });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    await cache.put(path, answer);
  }
  const page = await fetch(kPage, { cache: 'no-store', priority: 'low' });
  if (!page.ok || page.redirected) throw new Error(`${kPage}: ${page.status}`);
  // A server that was replaced in this moment answers the next version's page, whose files are not here.
  const html = await page.clone().text();
  for (const [path] of html.matchAll(/\/assets\/[\w./-]+/g)) if (!kBuild.files.includes(path)) throw new Error(`${path}: of another version`);
  await cache.put(kPageKey, page);
}

/** This version's files and those of the one before it. Names are kept in the order of creation. */
async function forgetOldVersions(): Promise<void> {
  const others = (await caches.keys()).filter((name) => name.startsWith(kPrefix) && name !== kName);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

/** The kept page with a nonce of its own: one nonce is never used for two pages. */
async function page(request: Request): Promise<Response> {
  const kept = await (await caches.open(kName)).match(kPageKey);
  const policy = kept?.headers.get('Content-Security-Policy');
  const before = policy && /'nonce-([^']+)'/.exec(policy)?.[1];
  if (!kept || !policy || !before) return fetch(request);
  const after = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18)))).replaceAll('+', '-').replaceAll('/', '_');
  const headers = new Headers(kept.headers);
  headers.set('Content-Security-Policy', policy.replaceAll(before, after));
  return new Response((await kept.text()).replaceAll(before, after), { status: 200, headers });
}

/** Built files have the digest of their content in their names: any version's copy is the right one. */
const file = async (request: Request): Promise<Response> => (await caches.match(request, { ignoreVary: true })) ?? fetch(request);

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(forgetOldVersions().then(() => self.clients.claim())));
self.addEventListener('message', (event) => {
  if (event.data === 'activate') void self.skipWaiting();
});
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate' && /^\/(app(\/|$)|$)/.test(url.pathname)) event.respondWith(page(request));
  else if (kBuild.files.includes(url.pathname) || url.pathname.startsWith('/assets/')) event.respondWith(file(request));
});
