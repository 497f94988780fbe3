import { describe, expect, it } from 'vitest';
import { KeptTexts, type TextStore } from './kept_texts';
import { sealOf } from './seal';

/** A device: rows that outlive any page. */
class Device {
  readonly rows = new Map<string, Awaited<ReturnType<TextStore['all']>>[number]>();
  readonly alive = new Set<string>();
  store: TextStore = {
    all: async (person) => [...this.rows.values()].filter((row) => row.person === person),
    put: async (row) => void this.rows.set(row.id, row),
    drop: async (id) => void this.rows.delete(id),
  };
  /** A tab is alive until it is closed. */
  tab(name: string): KeptTexts {
    this.alive.add(name);
    return new KeptTexts(this.store, async () => ({ own: name, alive: this.alive }));
  }
  plain(): string {
    return [...this.rows.values()].map((row) => new TextDecoder('latin1').decode(row.sealed.bytes) + JSON.stringify({ ...row, sealed: '' })).join('');
  }
}
const sealFor = (byte: number) => sealOf(new Uint8Array(32).fill(byte));

describe('kept texts', () => {
  it('are sealed on the device, and come back to the same person in another tab only when theirs is gone', async () => {
    const device = new Device();
    const first = device.tab('t1');
    await first.open('7', await sealFor(1));
    first.set('draft.c.request', { dirty: true, value: 'fell from a boat' });
    await first.settled();
    expect(device.plain()).not.toContain('boat');
    expect(device.plain()).not.toContain('draft.c');
    const second = device.tab('t2');
    await second.open('7', await sealFor(1));
    expect(second.names()).toEqual([]);
    device.alive.delete('t1');
    const third = device.tab('t3');
    await third.open('7', await sealFor(1));
    expect(third.get('draft.c.request')).toEqual({ dirty: true, value: 'fell from a boat' });
    expect([...device.rows.values()].map((row) => [row.tab, row.counts])).toEqual([['t3', true]]);
  });

  it('written in the last moment of a session reach the device, and never the next person', async () => {
    const device = new Device();
    const texts = device.tab('t1');
    await texts.open('7', await sealFor(1));
    texts.set('message:c', 'half a sent');
    texts.close();
    texts.set('message:c', 'a page that unmounts late');
    await texts.open('8', await sealFor(2));
    expect(texts.names()).toEqual([]);
    texts.close();
    await texts.open('7', await sealFor(1));
    expect(texts.get('message:c')).toBe('half a sent');
  });

  it('of another key stay closed and stay there', async () => {
    const device = new Device();
    const texts = device.tab('t1');
    await texts.open('7', await sealFor(1));
    texts.set('a', 'x');
    await texts.settled();
    texts.close();
    await texts.open('7', await sealFor(9));
    expect(texts.names()).toEqual([]);
    expect(device.rows.size).toBe(1);
  });

  it('go when they are taken away, and what belongs to a tab ends with it', async () => {
    const device = new Device();
    const texts = device.tab('t1');
    await texts.open('7', await sealFor(1));
    texts.set('work', { patient: 'p' });
    texts.set('a', 'x');
    await texts.settled();
    texts.set('a', undefined);
    await texts.settled();
    expect(device.rows.size).toBe(1);
    device.alive.delete('t1');
    const next = device.tab('t2');
    await next.open('7', await sealFor(1));
    expect(next.names()).toEqual([]);
    expect(device.rows.size).toBe(0);
  });
});
