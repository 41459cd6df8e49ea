import { Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { type ParleyYaml } from '../platform/config/parley-yaml';
import { type Marks } from '../platform/store/store.types';
import { type UpstreamError, type UpstreamFailure } from './providers.errors';
import { RecentOutcomes } from './recent-outcomes';

/** Failures that say something of the target's health. Refused keys and limits are the key's matter (`Provider.rest`). */
const SICK: readonly UpstreamFailure[] = ['overloaded', 'server', 'connection', 'timeout', 'truncated'];
const LONGEST_OPEN_MS = 300_000;
/** How long a breaker that was open stays on trial when nobody tries. */
const TRIAL_MS = 600_000;
const logger = new Logger('Route');
/** One probe at a time, and how long the others wait for its outcome. */
const PROBE_MS = 10_000;

export type HealthState = 'closed' | 'open' | 'half_open';

interface Breaker {
  outcomes: RecentOutcomes;
  /** Times it opened in a row. */
  trips: number;
}

/**
 * A breaker for each provider and model. Each process counts the failures it sees; that one is open, and until when, all
 * processes know. Then one call at a time probes it: a success closes it for all, a failure opens it for twice as long.
 */
export class TargetHealth {
  private readonly breakers = new LRUCache<string, Breaker>({ max: 5_000 }); // names come from callers

  constructor(
    private readonly settings: ParleyYaml['breaker'],
    private readonly marks: Marks,
  ) {}

  /** Whether a call may go there now. Without a promise unless a probe has to be agreed on. */
  admits(target: string): boolean | Promise<boolean> {
    const state = this.state(target);
    if (state !== 'half_open') return state === 'closed';
    return this.marks.claim(this.probe(target), PROBE_MS);
  }

  /** A probe that came to nothing, because its caller left or another target was faster: the next may try. */
  letGo(target: string): void {
    this.marks.release(this.probe(target));
  }

  state(target: string): HealthState {
    if (this.marks.until(openMark(target)) > 0) return 'open';
    return this.marks.until(trialMark(target)) > 0 ? 'half_open' : 'closed';
  }

  /** When it is to be tried again, in milliseconds since the epoch; 0 when it is not open. */
  opensAt(target: string): number {
    return this.marks.until(openMark(target));
  }

  /** It says something: whatever becomes of it, the target may be asked again. */
  answers(target: string): void {
    if (this.state(target) !== 'half_open') return;
    logger.log(`${target} answers again: its breaker is closed`);
    this.breakers.delete(target);
    this.marks.clear(openMark(target));
    this.marks.clear(trialMark(target));
  }

  /** An attempt ended well, be it that the request was wrong. Each is told once, by its end. */
  succeeded(target: string): void {
    this.answers(target);
    this.breaker(target).outcomes.add('successes');
  }

  failed(target: string, { failure }: UpstreamError): void {
    if (!SICK.includes(failure)) {
      this.succeeded(target);
      return;
    }
    const known = this.breaker(target);
    known.outcomes.add('failures');
    const state = this.state(target);
    const { threshold, minimum } = this.settings;
    if (state === 'open' || (state === 'closed' && !known.outcomes.tooManyFailed(threshold, minimum))) return;
    if (state === 'closed') known.trips = 0; // whoever closed it, that row is over
    const openMs = Math.min(this.settings.open * 2 ** known.trips++, LONGEST_OPEN_MS);
    logger.warn(`${target} fails too often (${failure}): its breaker is open for ${openMs / 1000} s`);
    this.marks.set(openMark(target), Date.now() + openMs);
    this.marks.set(trialMark(target), Date.now() + openMs + TRIAL_MS);
  }

  /** A name for each opening. */
  private probe(target: string): string {
    return `probe:${target}:${this.marks.until(trialMark(target))}`;
  }

  private breaker(target: string): Breaker {
    const known = this.breakers.get(target) ?? { outcomes: new RecentOutcomes(this.settings.window), trips: 0 };
    this.breakers.set(target, known);
    return known;
  }
}

const openMark = (target: string) => `open:${target}`;
const trialMark = (target: string) => `trial:${target}`;
