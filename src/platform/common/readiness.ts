import { Injectable } from '@nestjs/common';

/** Resolves when the part answers, throws when it doesn't. */
export type ReadinessCheck = () => Promise<void>;

/** Parts of the service register what must work before requests are sent here; `/ready` runs them. */
@Injectable()
export class ReadinessChecks {
  private readonly checks = new Map<string, ReadinessCheck>();
  /** Set at the start of a shutdown: no new work is wanted. */
  draining = false;
  /** Requests whose answer is not with the operating system yet. */
  answering = 0;
  /** Set when the answers that outlast the grace are cut: their clients have not left. */
  cutting = false;

  add(name: string, check: ReadinessCheck): void {
    if (this.checks.has(name)) throw new Error(`two readiness checks are named ${name}`);
    this.checks.set(name, check);
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
