import { CircuitState, type IBreaker, SamplingBreaker } from 'cockatiel';
import { LRUCache } from 'lru-cache';
import { type ParleyYaml } from '../platform/config/parley-yaml';
import { type Marks } from '../platform/store/store.types';
import { type UpstreamError, type UpstreamFailure } from './providers.errors';

/** Failures that say something of the target's health. Refused keys and limits are the key's matter (`Provider.rest`). */
const SICK: readonly UpstreamFailure[] = ['overloaded', 'server', 'connection', 'timeout', 'truncated'];
const LONGEST_OPEN_MS = 300_000;
/** How long a breaker that was open stays on trial when nobody tries. */
const TRIAL_MS = 600_000;
/** One probe at a time, and how long the others wait for its outcome. */
const PROBE_MS = 10_000;

export type HealthState = 'closed' | 'open' | 'half_open';

interface Breaker {
  breaker: IBreaker;
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
    return this.marks.claim(`probe:${target}:${this.marks.until(trialMark(target))}`, PROBE_MS); // once for each opening
  }

  state(target: string): HealthState {
    if (this.marks.until(openMark(target)) > 0) return 'open';
    return this.marks.until(trialMark(target)) > 0 ? 'half_open' : 'closed';
  }

  /** When it is to be tried again, in milliseconds since the epoch; 0 when it is not open. */
  opensAt(target: string): number {
    return this.marks.until(openMark(target));
  }

  /** It answered, be it that the request was wrong. */
  succeeded(target: string): void {
    const known = this.breakers.get(target);
    const state = this.state(target);
    if (!known && state === 'closed') return; // nothing to forgive
    known?.breaker.success(CircuitState.Closed);
    if (state !== 'half_open') return;
    this.breakers.delete(target);
    this.marks.clear(openMark(target));
    this.marks.clear(trialMark(target));
  }

  failed(target: string, { failure }: UpstreamError): void {
    if (!SICK.includes(failure)) {
      this.succeeded(target);
      return;
    }
    const known = this.breakers.get(target) ?? { breaker: this.create(), trips: 0 };
    this.breakers.set(target, known);
    const halfOpen = this.state(target) === 'half_open';
    const opens = known.breaker.failure(halfOpen ? CircuitState.HalfOpen : CircuitState.Closed);
    if (!opens || this.state(target) === 'open') return;
    const openMs = Math.min(this.settings.open * 2 ** known.trips++, LONGEST_OPEN_MS);
    this.marks.set(openMark(target), Date.now() + openMs);
    this.marks.set(trialMark(target), Date.now() + openMs + TRIAL_MS);
  }

  private create(): IBreaker {
    const { threshold, window, minimum } = this.settings;
    // It compares with a rate; half a call less keeps rounding from asking for one more.
    return new SamplingBreaker({ threshold, duration: window, minimumRps: ((minimum - 0.5) * 1000) / window });
  }
}

const openMark = (target: string) => `open:${target}`;
const trialMark = (target: string) => `trial:${target}`;
