import { describe, expect, it } from 'vitest';
import type { Attachment } from './flow';
import { ApiError } from './http';
import { batchesOf } from './stow';
import { runUpload, type UploadLine } from './uploads';

const attachment = { n: 1, kind: 'photo' } as Attachment;

/** A server that keeps what it got and a line that breaks where the test says. */
class Server {
  kept = new Uint8Array(0);
  starts = 0;
  pauses: number[] = [];
  readonly size: number;
  private readonly faults: (() => void)[];
  /** Bytes that reach the server although the answer is lost. */
  private readonly loseAnswerAt: number | undefined;
  constructor(size: number, faults: (() => void)[] = [], loseAnswerAt?: number) {
    this.size = size;
    this.faults = faults;
    this.loseAnswerAt = loseAnswerAt;
  }
  line(): UploadLine {
    return {
      start: async () => {
        this.starts += 1;
        const done = this.kept.length === this.size;
        return { upload: 'u', offset: this.kept.length, chunk_bytes: 100, ...(done ? { attachment } : {}) };
      },
      append: async (_upload, offset, bytes) => {
        this.faults.shift()?.();
        if (offset !== this.kept.length) throw new ApiError(409, 'flow.upload_offset', '');
        const more = new Uint8Array(await bytes.arrayBuffer());
        const joined = new Uint8Array(this.kept.length + more.length);
        joined.set(this.kept);
        joined.set(more, this.kept.length);
        this.kept = joined;
        if (offset === this.loseAnswerAt) throw new ApiError(0, 'client.no_connection', '');
        return { offset: this.kept.length, ...(this.kept.length === this.size ? { attachment } : {}) };
      },
      pause: async (ms) => {
        this.pauses.push(ms);
      },
    };
  }
}

const bytes = Uint8Array.from({ length: 950 }, (_, index) => (index * 7) % 256);
const blob = new Blob([bytes]);
const broken = () => {
  throw new ApiError(0, 'client.no_connection', '');
};

describe('resumable upload', () => {
  it('sends every byte once and in order', async () => {
    const server = new Server(950);
    const seen: number[] = [];
    expect(await runUpload(blob, server.line(), ({ sent }) => seen.push(sent))).toBe(attachment);
    expect(server.kept).toEqual(bytes);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(950);
  });
  it('goes on where the server is after a break', async () => {
    const server = new Server(950, [() => undefined, broken, () => undefined, broken, broken]);
    await runUpload(blob, server.line(), () => undefined);
    expect(server.kept).toEqual(bytes);
    expect(server.starts).toBe(4);
    expect(server.pauses).toEqual([1000, 1000, 2000]);
  });
  it('counts bytes whose answer was lost, the last ones too', async () => {
    for (const at of [200, 900]) {
      const server = new Server(950, [], at);
      expect(await runUpload(blob, server.line(), () => undefined)).toBe(attachment);
      expect(server.kept).toEqual(bytes);
    }
  });
  it('gives up at once on a refusal', async () => {
    const server = new Server(950, [() => { throw new ApiError(422, 'flow.bad_image', ''); }]);
    await expect(runUpload(blob, server.line(), () => undefined)).rejects.toMatchObject({ code: 'flow.bad_image' });
    expect(server.pauses).toEqual([]);
  });
});

it('batches files by size and keeps each one', () => {
  const files = [5, 9, 3, 40, 1].map((size) => ({ size }));
  expect(batchesOf(files, 16).map((batch) => batch.map((file) => file.size))).toEqual([[5, 9], [3], [40], [1]]);
  expect(batchesOf([], 16)).toEqual([]);
});
