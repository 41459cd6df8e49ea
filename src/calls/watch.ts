/** How long an attempt may take, in milliseconds. */
export interface AttemptLimits {
  /** Until the first content. */
  first: number;
  /** Between two events of a stream; null for a plain answer. */
  idle: number | null;
  /** In all. */
  whole: number;
}

/** A timer that fires so much too late, in milliseconds, tells of a stall of this process. */
const STALL_MS = 50;

/**
 * Notices that an attempt is late. One timer, set for the nearest limit and looked at only when it fires, so that an event
 * costs nothing but a note of the time. Only waiting for the provider counts: neither a slow reader of ours nor a stall of
 * this process, in which its answer may have come, is its fault.
 */
export class Watch {
  private startedAt = performance.now();
  private began = false;
  private waitingSince: number | null = null;
  private timer: NodeJS.Timeout;
  private planned = 0;

  /** @param late told which limit was passed, and whether the provider was being waited for */
  constructor(
    private readonly limits: AttemptLimits,
    private readonly late: (limitMs: number, waiting: boolean) => void,
  ) {
    this.timer = this.arm();
  }

  /** The provider is waited for from now on. */
  waiting(): void {
    this.waitingSince = performance.now();
  }

  /** It said something. */
  heard(): void {
    this.waitingSince = null;
  }

  /** It said its first content. */
  begin(): void {
    this.began = true;
    clearTimeout(this.timer);
    this.timer = this.arm();
  }

  end(): void {
    clearTimeout(this.timer);
  }

  private arm(): NodeJS.Timeout {
    const now = performance.now();
    const inMs = Math.max(1, this.due().at - now);
    this.planned = now + inMs;
    return setTimeout(() => this.check(), inMs);
  }

  private check(): void {
    const lateBy = performance.now() - this.planned;
    if (lateBy > STALL_MS) this.forgive(lateBy + STALL_MS);
    const { at, limit } = this.due();
    if (at <= performance.now()) this.late(limit, this.waitingSince !== null);
    else this.timer = this.arm();
  }

  private forgive(ms: number): void {
    this.startedAt += ms;
    if (this.waitingSince !== null) this.waitingSince += ms;
  }

  private due(): { at: number; limit: number } {
    const { first, idle, whole } = this.limits;
    const inAll = { at: this.startedAt + whole, limit: whole };
    const next = this.began
      ? { at: (this.waitingSince ?? performance.now()) + (idle ?? whole), limit: idle ?? whole }
      : { at: this.startedAt + first, limit: first };
    return next.at < inAll.at ? next : inAll;
  }
}
