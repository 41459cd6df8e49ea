import { type Slot, Slots } from './store.types';

/** Of this process: they end with it. */
export class MemorySlots extends Slots {
  private readonly counts = new Map<string, number>();

  take(scope: string, name: string, limit: number): Promise<Slot | null> {
    const key = `${scope}:${name}`;
    const count = this.counts.get(key) ?? 0;
    if (count >= limit) return Promise.resolve(null);
    this.counts.set(key, count + 1);
    let isHeld = true;
    const release = () => {
      if (isHeld) this.release(key);
      isHeld = false;
    };
    return Promise.resolve({ release });
  }

  held(scope: string, name: string): Promise<number> {
    return Promise.resolve(this.counts.get(`${scope}:${name}`) ?? 0);
  }

  private release(key: string): void {
    const left = (this.counts.get(key) ?? 0) - 1;
    if (left > 0) this.counts.set(key, left);
    else this.counts.delete(key);
  }
}
