import { describe, expect, it } from 'vitest';
import type { Attachment } from './flow';
import { ApiError } from './http';
import { UnsentUploads, type SendUpload } from './unsent';
import type { StoredUpload, UploadStore } from './unsent_store';

/** A device that outlives the page, and says no when it is full. */
class Device implements UploadStore {
  readonly kept = new Map<string, StoredUpload>();
  full = false;
  async all(person: string) {
    return [...this.kept.values()].filter((one) => one.person === person);
  }
  async put(upload: StoredUpload) {
    if (this.full) throw new Error('full');
    this.kept.set(upload.id, upload);
  }
  async remove(id: string) {
    this.kept.delete(id);
  }
}

const photo = (id: string, wanted = false, kind = 'photo') => ({ id, caseId: 'c', number: 'C-1', kind, title: '', taken: '2026-01-01T00:00:00Z', contentType: 'image/jpeg', blob: new Blob(['x']), wanted });
const receipt = { n: 7 } as Attachment;
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
/** A line on which nothing arrives until the page goes. */
const hangs: SendUpload = (_upload, _onProgress, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('unsent uploads', () => {
  it('outlive the page and go on when their person is back, nobody else', async () => {
    const device = new Device();
    const first = new UnsentUploads(device, hangs);
    await first.open('anna');
    await first.add(photo('staged'));
    await first.add(photo('sending', true));
    first.close();
    await settle();
    expect(first.list()).toEqual([]);
    const sent: string[] = [];
    const second = new UnsentUploads(device, async (upload) => (sent.push(upload.id), receipt));
    await second.open('bo');
    await settle();
    expect(second.list()).toEqual([]);
    expect(sent).toEqual([]);
    await second.open('anna');
    await settle();
    expect(sent).toEqual(['sending']);
    expect(second.list().map((one) => one.id)).toEqual(['staged']);
    expect([...device.kept.keys()]).toEqual(['staged']);
  });

  it('keep what was changed while another tab made them look at the device', async () => {
    const device = new Device();
    const queue = new UnsentUploads(device, hangs);
    await queue.open('anna');
    await queue.add(photo('a'));
    await queue.add(photo('b'));
    const look = device.all.bind(device);
    let release = () => undefined as void;
    device.all = async (person) => {
      const read = await look(person);
      await new Promise<void>((resolve) => (release = resolve));
      return read;
    };
    const reload = queue.reload();
    await settle();
    const changed = queue.change('a', { title: 'film' });
    await queue.remove('b');
    release();
    await Promise.all([reload, changed]);
    expect(queue.list().map((one) => [one.id, one.title])).toEqual([['a', 'film']]);
    expect([...device.kept.values()].map((one) => one.title)).toEqual(['film']);
  });

  it('leave the device only after the receipt or by the person', async () => {
    const device = new Device();
    let fail = true;
    const queue = new UnsentUploads(device, async () => {
      if (fail) throw new ApiError(422, 'flow.bad_image', '');
      return receipt;
    });
    await queue.open('anna');
    await queue.add(photo('a', true));
    await queue.add(photo('b', true));
    await settle();
    expect(queue.list().map((one) => (one.error as ApiError).code)).toEqual(['flow.bad_image', 'flow.bad_image']);
    expect(device.kept.size).toBe(2);
    queue.retryPassing();
    await settle();
    expect(queue.list().length, 'a refusal is not tried again by itself').toBe(2);
    fail = false;
    await queue.want(['a']);
    await settle();
    expect([...device.kept.keys()]).toEqual(['b']);
    await queue.remove('b');
    expect(device.kept.size).toBe(0);
  });

  it('try again what failed for want of a line', async () => {
    const device = new Device();
    let fail = true;
    const queue = new UnsentUploads(device, async () => {
      if (fail) throw new ApiError(0, 'client.no_connection', '');
      return receipt;
    });
    await queue.open('anna');
    await queue.add(photo('a', true));
    await settle();
    expect(queue.list()[0]?.error).toBeDefined();
    fail = false;
    queue.retryPassing();
    await settle();
    expect(queue.list()).toEqual([]);
  });

  it('say when the device cannot keep them', async () => {
    const device = new Device();
    device.full = true;
    const queue = new UnsentUploads(device, async () => receipt);
    await queue.open('anna');
    await queue.add(photo('a'));
    expect(queue.list()[0]?.kept).toBe(false);
    await queue.reload();
    expect(queue.list().length, 'what another tab did takes nothing away').toBe(1);
    device.full = false;
    await queue.change('a', { title: 'hand' });
    expect(queue.list()[0]).toMatchObject({ kept: true, title: 'hand' });
  });

  it('keep the number of a signature until its form took it', async () => {
    const device = new Device();
    const queue = new UnsentUploads(device, async () => receipt);
    await queue.open('anna');
    await queue.add(photo('s', true, 'consent_signature'));
    await settle();
    expect(device.kept.get('s')?.attachment).toBe(7);
    await queue.remove('s');
    expect(queue.list()).toEqual([]);
  });
});
