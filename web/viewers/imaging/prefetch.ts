/**
 * Which image to fetch next: outwards from the one in view, two ahead for one behind in the direction of
 * travel, within what the memory holds. Pure order plus a small runner; the runner belongs to one series.
 */

/** Indexes to fetch in order, without `current` itself. `reach` = how many images on each side fit into memory. */
export function prefetchOrder(current: number, total: number, direction: 1 | -1, reach: number): number[] {
  const order: number[] = [];
  let ahead = 1;
  let behind = 1;
  const usable = (offset: number) => offset <= reach;
  const inside = (index: number) => index >= 0 && index < total;
  while (usable(ahead) || usable(behind)) {
    for (let turn = 0; turn < 2; turn += 1, ahead += 1) {
      const index = current + direction * ahead;
      if (usable(ahead) && inside(index)) order.push(index);
    }
    const index = current - direction * behind;
    if (usable(behind) && inside(index)) order.push(index);
    behind += 1;
    if (ahead > total && behind > total) break;
  }
  return order;
}

export interface PrefetchPlan {
  total: number;
  parallel: number;
  reach: number;
  isLoaded(index: number): boolean;
  load(index: number): Promise<unknown>;
}

const kAttempts = 2;

export class Prefetcher {
  private readonly running = new Set<number>();
  private readonly failures = new Map<number, number>();
  private current = 0;
  private direction: 1 | -1 = 1;
  private stopped = false;
  private order: number[] = [];

  constructor(private readonly plan: PrefetchPlan) {}

  focus(index: number): void {
    if (index !== this.current) this.direction = index > this.current ? 1 : -1;
    this.current = index;
    this.order = prefetchOrder(index, this.plan.total, this.direction, this.plan.reach);
    this.fill();
  }

  /** Lets images that failed be tried again. */
  forgive(): void {
    this.failures.clear();
    this.focus(this.current);
  }

  /** Something was loaded by another way: there may be room for more. */
  wake(): void {
    this.fill();
  }

  stop(): void {
    this.stopped = true;
  }

  private fill(): void {
    // While the image in view is still on its way, the line is left to it.
    const room = this.plan.isLoaded(this.current) ? this.plan.parallel : 1;
    while (!this.stopped && this.running.size < room) {
      const index = this.order.shift();
      if (index === undefined) return;
      if (this.running.has(index) || this.plan.isLoaded(index) || (this.failures.get(index) ?? 0) >= kAttempts) continue;
      this.running.add(index);
      this.plan.load(index).then(
        () => this.done(index, false),
        () => this.done(index, true),
      );
    }
  }

  private done(index: number, failed: boolean): void {
    this.running.delete(index);
    if (failed) this.failures.set(index, (this.failures.get(index) ?? 0) + 1);
    this.fill();
  }
}
