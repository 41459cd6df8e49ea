import { setTimeout as wait } from 'node:timers/promises';

interface Waiting<T> {
  item: T;
  done: () => void;
  failed: (error: unknown) => void;
}

/**
 * Group commit: while one write is under way, what comes meanwhile waits and goes as the next one. A lone item is
 * written at once; a hundred concurrent ones share a round trip. When a write of several fails, each is tried alone,
 * so that one bad item fails by itself. With `lingerMs` a write waits so long for more to come: for what nobody waits for.
 */
export class Batcher<T> {
  private waiting: Waiting<T>[] = [];
  private writing: Promise<void> | null = null;
  private newest: Promise<void> = Promise.resolve();

  constructor(
    private readonly write: (items: T[]) => Promise<void>,
    private readonly maxItems = 200,
    private readonly lingerMs = 0,
  ) {}

  /** Resolves when the item is written, rejects when it can't be. */
  add(item: T): Promise<void> {
    this.newest = new Promise((done, failed) => {
      this.waiting.push({ item, done, failed });
      this.writing ??= this.drain();
    });
    return this.newest;
  }

  /** Resolves when everything added so far is written or has failed; it does not wait for what is added later. */
  async idle(): Promise<void> {
    await this.newest.catch(() => undefined); // items are written in the order they came
  }

  private async drain(): Promise<void> {
    await Promise.resolve(); // items added in the same turn of the event loop go together
    while (this.waiting.length > 0) {
      if (this.lingerMs > 0 && this.waiting.length < this.maxItems) await wait(this.lingerMs);
      await this.writeGroup(this.waiting.splice(0, this.maxItems));
    }
    this.writing = null;
  }

  private async writeGroup(group: Waiting<T>[]): Promise<void> {
    try {
      await this.write(group.map(({ item }) => item));
      for (const { done } of group) done();
    } catch (error) {
      if (group.length === 1) group[0]?.failed(error);
      else for (const single of group) await this.writeGroup([single]);
    }
  }
}
