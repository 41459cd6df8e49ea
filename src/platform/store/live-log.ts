import { type LogEntry } from './store.types';

/**
 * The entries of one log in this process: the newest ones, up to `maxChars` characters of data (the newest entry is
 * kept whatever its length). Whoever waits for more is woken once, and finds all that came meanwhile.
 */
export class LiveLog {
  private entries: LogEntry[] = [];
  /** Index of the oldest entry kept: those before it are cut off now and then, not one by one. */
  private head = 0;
  private chars = 0;
  private newest = 0;
  private isClosed = false;
  private isForgotten = false;
  private readonly waiting = new Set<() => void>();

  constructor(private readonly maxChars: number) {}

  append(data: string): void {
    if (this.isClosed) return;
    this.entries.push({ seq: ++this.newest, data });
    this.chars += data.length;
    while (this.chars > this.maxChars && this.oldest < this.newest) this.chars -= this.dropOldest();
    this.wake();
  }

  close(): void {
    this.isClosed = true;
    this.wake();
  }

  /** Keeps nothing any more. */
  forget(): void {
    this.close();
    this.isForgotten = true;
    this.entries = [];
    this.head = 0;
    this.chars = 0;
  }

  /** What is kept after `seq`, at most `most`; null when the entry next to it is kept no longer. */
  after(seq: number, most = Infinity): LogEntry[] | null {
    const start = this.head + seq + 1 - this.oldest;
    return start < this.head ? null : this.entries.slice(start, start + most);
  }

  get closed(): boolean {
    return this.isClosed;
  }

  get forgotten(): boolean {
    return this.isForgotten;
  }

  /** Seq of the newest entry; 0 before the first. */
  get last(): number {
    return this.newest;
  }

  /** Seq of the oldest entry kept. */
  get oldest(): number {
    return this.newest - (this.entries.length - this.head) + 1;
  }

  /** Characters kept. */
  get size(): number {
    return this.chars;
  }

  /** Calls back once, at the next change. */
  onChange(woken: () => void): void {
    this.waiting.add(woken);
  }

  offChange(woken: () => void): void {
    this.waiting.delete(woken);
  }

  private wake(): void {
    if (this.waiting.size === 0) return;
    const woken = [...this.waiting];
    this.waiting.clear();
    for (const wake of woken) wake();
  }

  private dropOldest(): number {
    const dropped = this.entries[this.head++];
    if (this.head > 64 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
    return dropped?.data.length ?? 0;
  }
}
