import { setMaxListeners } from 'node:events';
import { Injectable } from '@nestjs/common';

/** Resolves when the part answers, throws when it doesn't. */
export type ReadinessCheck = () => Promise<void>;

/** Parts of the service register what must work before requests are sent here; `/ready` runs them. */
@Injectable()
export class ReadinessChecks {
  private readonly checks = new Map<string, ReadinessCheck>();
  /** Set at the start of a shutdown: no new work is wanted. */
  draining = false;
  /** Answers that are not with the operating system yet, and those that are written though nobody reads them now. */
  answering = 0;
  /** Aborted when the answers that outlast the grace of a shutdown are cut. */
  readonly cut = new AbortController();

  constructor() {
    setMaxListeners(0, this.cut.signal); // any number of answers
  }

  add(name: string, check: ReadinessCheck): void {
    if (this.checks.has(name)) throw new Error(`two readiness checks are named ${name}`);
    this.checks.set(name, check);
  }

  /** Counts work that may outlive its request among the answers under way. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.answering++;
    return work.finally(() => this.answering--);
  }

  /** Each part's state. A part that does not answer within `timeoutMs` is down. */
  async run(timeoutMs = 2_000): Promise<Record<string, 'up' | 'down'>> {
    const states = [...this.checks].map(async ([name, check]) => {
      const late = AbortSignal.timeout(timeoutMs);
      const expired = new Promise<never>((_, reject) => {
        late.addEventListener('abort', () => reject(new Error('too slow')), { once: true });
      });
      const state = await Promise.race([check(), expired]).then(
        () => 'up' as const,
        () => 'down' as const,
      );
      return [name, state] as const;
    });
    return Object.fromEntries(await Promise.all(states));
  }
}
