/**
 * A DICOMweb source of one study plus the built rig, for the viewer's browser test: the real server's policy
 * header and answer forms, and knobs that a test needs (delay, a gate, refusals, counters). Listens on loopback only.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, request as ask } from 'node:http';
import { join, normalize } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const kTypes = { html: 'text/html; charset=utf-8', js: 'text/javascript', css: 'text/css', wasm: 'application/wasm', json: 'application/json', svg: 'image/svg+xml' };
const kNative = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']);

/** The one policy of the application; the nonce serves the component library's style element. */
export function policy(nonce) {
  return [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self' blob:",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    "connect-src 'self'",
    "font-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    'report-uri /csp-report',
  ].join('; ');
}

export async function startServer({ study, dist, archive = process.env.VIEWER_ARCHIVE }) {
  const data = JSON.parse(await readFile(join(study, 'study.json'), 'utf8'));
  const knobs = { frameDelay_ms: 0, renderedDelay_ms: 0, failStudy: 0, serve73: false, gate: undefined };
  const counts = { frames: 0, rendered: 0, aborted: 0, reports: [], accepts: new Set(), urls: [] };

  const seriesRows = () => {
    const rows = new Map();
    for (const { series, header, syntax } of data.instances) {
      const row = rows.get(series) ?? { '00080060': header['00080060'], '0008103E': header['0008103E'], '0020000D': header['0020000D'], '0020000E': header['0020000E'], '00200011': header['00200011'], count: 0, syntaxes: new Set() };
      row.count += 1;
      row.syntaxes.add(syntax);
      rows.set(series, row);
    }
    return [...rows.values()].map(({ count, syntaxes, ...row }) => ({ ...row, '00083002': { vr: 'UI', Value: [...syntaxes] }, '00201209': { vr: 'IS', Value: [count] } }));
  };

  const send = (response, status, type, body, extra = {}) => {
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'private, no-cache', ...extra });
    response.end(body);
  };
  const json = (response, value) => send(response, 200, 'application/dicom+json', JSON.stringify(value));
  const refuse = (response, status, code) => send(response, status, 'application/json', JSON.stringify({ code }));
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  async function frame(request, response, instance, number) {
    counts.frames += 1;
    counts.accepts.add(request.headers.accept);
    request.on('close', () => !response.writableEnded && (counts.aborted += 1));
    await knobs.gate;
    if (knobs.frameDelay_ms) await wait(knobs.frameDelay_ms);
    const file = instance.frame ?? (knobs.serve73 ? '7-1.frame' : undefined);
    if (!file) return refuse(response, 404, 'imaging.no_such_frame');
    const whole = await readFile(join(study, file));
    const frames = instance.header['00280008']?.Value[0] ?? 1;
    const bytes = frames === 1 ? whole : whole.subarray(((number - 1) * whole.length) / frames, (number * whole.length) / frames);
    const boundary = randomBytes(12).toString('hex');
    const head = `--${boundary}\r\nContent-Type: application/octet-stream; transfer-syntax=${instance.syntax}\r\nContent-Length: ${bytes.length}\r\n\r\n`;
    return send(response, 200, `multipart/related; type="application/octet-stream"; boundary=${boundary}`, Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]), { Vary: 'Cookie' });
  }

  async function rendered(response, instance, window) {
    counts.rendered += 1;
    if (knobs.renderedDelay_ms) await wait(knobs.renderedDelay_ms);
    if (instance?.header['00280010'] === undefined || !kNative.has(instance.syntax)) return refuse(response, 406, 'imaging.syntax_not_rendered');
    const [center, width] = (window ?? '40,80').split(',');
    const colour = instance.header['00280002'].Value[0] === 3;
    const options = colour || instance.header['00281050'] === undefined ? [] : ['+Ww', center, width];
    const { stdout } = await run('dcmj2pnm', ['+oj', '+Jq', '80', ...options, join(study, instance.file)], { encoding: 'buffer', maxBuffer: 1 << 24 });
    return send(response, 200, 'image/jpeg', stdout);
  }

  /** With an archive behind it (VIEWER_ARCHIVE=http://…, the study stored there) this server only passes on. */
  function passOn(request, response) {
    if (/\/frames\/\d+$/.test(request.url)) {
      counts.frames += 1;
      counts.accepts.add(request.headers.accept);
    }
    request.pipe(ask(archive + request.url, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }));
  }

  async function dicomweb(request, response, url) {
    if (archive) return passOn(request, response);
    const parts = url.pathname.split('/').slice(2).map(decodeURIComponent);
    const [, uid, , seriesUid, what] = parts;
    if (knobs.failStudy > 0 && parts.length === 3) {
      knobs.failStudy -= 1;
      return refuse(response, 500, 'internal.unexpected');
    }
    if (uid !== data.study) return refuse(response, 404, 'imaging.no_such_study');
    if (parts.length === 3) return json(response, seriesRows());
    const instances = data.instances.filter((one) => one.series === seriesUid);
    if (what === 'metadata') return json(response, instances.map((one) => one.header));
    if (what === 'thumbnail') return rendered(response, instances[instances.length >> 1]);
    const instance = instances.find((one) => one.sop === parts[5]);
    if (!instance) return refuse(response, 404, 'imaging.no_such_instance');
    if (parts.at(-1) === 'rendered') return rendered(response, instance, url.searchParams.get('window'));
    return frame(request, response, instance, Number(parts[7]));
  }

  async function file(response, path) {
    const name = path === '/' || path.startsWith('/app/') ? '/index.html' : normalize(path);
    const bytes = await readFile(join(dist, name)).catch(() => undefined);
    if (!bytes) return send(response, 404, 'text/plain', 'not found');
    const nonce = randomBytes(16).toString('base64');
    const html = name.endsWith('.html');
    const body = html ? bytes.toString('utf8').replaceAll('__CSP_NONCE__', nonce) : bytes;
    return send(response, 200, kTypes[name.split('.').at(-1)] ?? 'application/octet-stream', body, html ? { 'Content-Security-Policy': policy(nonce) } : {});
  }

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    counts.urls.push(url.pathname + url.search);
    if (url.pathname === '/csp-report') {
      let body = '';
      for await (const piece of request) body += piece;
      counts.reports.push(body);
      return send(response, 204, 'text/plain', '');
    }
    try {
      await (url.pathname.startsWith('/dicomweb/') ? dicomweb(request, response, url) : file(response, url.pathname));
    } catch (error) {
      if (!response.headersSent) refuse(response, 500, String(error));
    }
    return undefined;
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { origin: `http://localhost:${server.address().port}`, study: data.study, knobs, counts, close: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const [, , study, dist] = process.argv;
  const started = await startServer({ study, dist });
  console.log(started.origin);
}
