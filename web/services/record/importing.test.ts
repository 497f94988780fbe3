import { expect, test } from 'vitest';
import { ApiError } from '../../api/http';
import type { WrittenEntry } from '../../api/record';
import { Import, kLimits } from './importing';

interface Entry {
  fullUrl?: string;
  resource?: { resourceType: string; id?: string; bad?: boolean };
  request: { method: string; url: string };
}

/** Refuses bad resources by naming the first, as the record does; stores the rest. */
function server() {
  const stored: string[] = [];
  const bundles: string[] = [];
  const done = new Map<string, WrittenEntry[]>();
  const send = async (text: string, id: string): Promise<WrittenEntry[]> => {
    const before = done.get(id);
    if (before) return before;
    bundles.push(text);
    const entries = (JSON.parse(text) as { entry?: Entry[] }).entry ?? [];
    const bad = entries.findIndex((one) => one.resource?.bad);
    if (bad >= 0) throw new ApiError(400, 'record.invalid', '', [{ code: 'structure', field: `Bundle.entry[${bad}].resource.bad`, text: 'unknown element' }]);
    const answers = entries.map((one, at): WrittenEntry => {
      const id = one.resource?.id ?? `new${stored.length + at}`;
      return { status: one.request.method === 'PUT' ? '200 OK' : '201 Created', location: `http://localhost/fhir/${one.resource?.resourceType}/${id}/_history/1` };
    });
    stored.push(...entries.map((one) => one.request.url));
    done.set(id, answers);
    return answers;
  };
  return { stored, bundles, send };
}

const noWait = () => Promise.resolve();
const fileOf = (name: string, text: string) => new File([text], name);

async function run(files: File[], send = server().send) {
  const one = new Import(files, () => undefined, send, noWait);
  await one.run();
  return one.progress;
}

test('lines are sent in bounded packages with their digits; bad ones are named and the rest goes on', async () => {
  const { stored, bundles, send } = server();
  const lines = [...Array(250).keys()].map((at) => (at === 120 || at === 130 ? '{"resourceType":"Observation","bad":true}' : `{"resourceType":"Observation","id":"o${at}","value":7.10}`));
  lines.splice(10, 0, 'no json', '', '{"id":"1"}');
  const progress = await run([fileOf('a.ndjson', `\uFEFF${lines.join('\r\n')}\n`)], send);
  expect(progress.state).toBe('done');
  expect(progress.readBytes).toBe(progress.bytes);
  expect(progress.failures.map((one) => [one.line, one.code, one.text])).toEqual([
    [11, 'client.import_no_json', expect.any(String)],
    [13, 'client.import_no_resource', ''],
    [124, 'record.invalid', 'bad: unknown element'],
    [134, 'record.invalid', 'bad: unknown element'],
  ]);
  expect(progress.updated).toEqual({ Observation: 248 });
  expect(new Set(stored).size).toBe(248);
  expect(bundles[0]).toContain('"value":7.10');
  expect(Math.max(...bundles.map((one) => (JSON.parse(one) as { entry: unknown[] }).entry.length))).toBe(kLimits.entries);
});

test('the same resource twice is stored twice, in the order of the file', async () => {
  const { stored, bundles, send } = server();
  await run([fileOf('a.ndjson', '{"resourceType":"Patient","id":"1"}\n{"resourceType":"Patient","id":"1","active":true}')], send);
  expect(stored).toEqual(['Patient/1', 'Patient/1']);
  expect(bundles).toHaveLength(2);
});

test('a refusal that names no entry is narrowed down', async () => {
  const { stored, send } = server();
  const closed = async (text: string, id: string) => {
    if (text.includes('"id":"7"')) throw new ApiError(409, 'signing.closed', '', []);
    return send(text, id);
  };
  const progress = await run([fileOf('a.ndjson', [...Array(20).keys()].map((at) => `{"resourceType":"Patient","id":"${at}"}`).join('\n'))], closed);
  expect(progress.failures.map((one) => [one.line, one.what, one.code])).toEqual([[8, 'Patient/7', 'signing.closed']]);
  expect(stored).toHaveLength(19);
});

test('Bundles as they are meant', async () => {
  const { stored, bundles, send } = server();
  const patient = { resourceType: 'Patient' };
  const progress = await run(
    [
      fileOf('t.json', JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry: [{ fullUrl: 'urn:uuid:1', resource: patient, request: { method: 'POST', url: 'Patient' } }] })),
      fileOf('b.json', JSON.stringify({ resourceType: 'Bundle', type: 'batch', entry: [{ resource: { ...patient, bad: true }, request: { method: 'POST', url: 'Patient' } }, { resource: patient, request: { method: 'POST', url: 'Patient' } }] })),
      fileOf('s.json', JSON.stringify({ resourceType: 'Bundle', type: 'searchset', entry: [{ fullUrl: 'http://127.0.0.1/fhir/Patient/9', resource: { ...patient, id: '9' } }, { resource: { resourceType: 'OperationOutcome' }, search: { mode: 'outcome' } }] })),
      fileOf('c.json', JSON.stringify({ resourceType: 'Bundle', type: 'collection', entry: [{ fullUrl: 'urn:uuid:2', resource: patient }] })),
      fileOf('h.json', JSON.stringify({ resourceType: 'Bundle', type: 'history' })),
      fileOf('one.json', JSON.stringify(patient)),
    ],
    send,
  );
  expect(stored).toEqual(['Patient', 'Patient', 'Patient/9', 'Patient', 'Patient']);
  expect(bundles.find((one) => one.includes('urn:uuid:2'))).toContain('"fullUrl":"urn:uuid:2"');
  expect(progress.failures.map((one) => [one.file, one.line, one.code])).toEqual([
    ['b.json', 1, 'record.invalid'],
    ['h.json', 0, 'client.import_bundle_type'],
  ]);
});

test('a lost answer is asked for again and stored once; a line that stays away stops it and says what is unsure', async () => {
  const { stored, send } = server();
  let lost = 2;
  const flaky = async (text: string, id: string) => {
    const answers = await send(text, id);
    if (lost-- > 0) throw new ApiError(0, 'client.no_connection', '');
    return answers;
  };
  expect((await run([fileOf('a.ndjson', '{"resourceType":"Patient"}')], flaky)).created).toEqual({ Patient: 1 });
  expect(stored).toHaveLength(1);
  const away = await run([fileOf('a.ndjson', '{"resourceType":"Patient"}\n{"resourceType":"Patient"}')], () => Promise.reject(new ApiError(503, 'http.busy', '')));
  expect([away.state, away.unsure]).toEqual(['stopped', { file: 'a.ndjson', from: 1, to: 2 }]);
});

test('who may not write is told at once; a cancelled import says what is stored', async () => {
  let asked = 0;
  const refused = await run([fileOf('a.ndjson', '{"resourceType":"Patient"}\n'.repeat(500))], () => {
    asked += 1;
    return Promise.reject(new ApiError(403, 'record.no_plain_write', ''));
  });
  expect([refused.state, asked, refused.failed]).toEqual(['stopped', 1, 0]);
  const { stored, send } = server();
  const one: Import = new Import([fileOf('a.ndjson', '{"resourceType":"Patient"}\n'.repeat(500))], () => undefined, (text, id) => {
    one.cancel();
    return send(text, id);
  }, noWait);
  await one.run();
  expect([one.progress.state, one.progress.created, stored.length]).toEqual(['cancelled', { Patient: 100 }, 100]);
});
