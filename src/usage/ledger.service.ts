import { setTimeout as wait } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Batcher } from '../platform/common/batcher';
import { every } from '../platform/common/every';
import { newId } from '../platform/common/ids';
import { LedgerRepository } from './ledger.repository';
import { ReservationsService } from './reservations.service';
import { type CallRecord, type LiveCall } from './usage.types';

const RENEW_MS = 1_000;
const SWEEP_MS = 2_000;
const SWEEP_GROUP = 500;
const PARTITIONS_MS = 6 * 3_600_000;
/** Rows written in one statement, and how long the first of them waits for others. */
const GROUP = { most: 200, lingerMs: 5 };
/** How long a shutdown waits for calls to end and their rows to be written. */
const DRAIN_MS = 10_000;
const RETRY_MS = { first: 100, most: 5_000 };

/** A call that is over, with a record of each attempt that left. */
interface Settlement {
  callId: string;
  attempts: CallRecord[];
}
const attemptsOf = ({ attempts }: Settlement) => attempts;
const callOf = ({ callId }: Settlement) => callId;

/**
 * Every dispatched attempt has a lease, and every lease becomes exactly one usage row: written from the truth by `settle`,
 * or from the last tally by whichever process sweeps what a dead one left. Writes are grouped over concurrent calls.
 */
@Injectable()
export class LedgerService implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger(LedgerService.name);
  private readonly owner = newId();
  private readonly live = new Map<string, LiveCall>();
  private readonly opening = new Batcher<CallRecord>((calls) => this.repository.openLeases(this.owner, calls));
  private readonly settling = new Batcher<Settlement>(
    (calls) => this.persist(() => this.repository.settle(calls.flatMap(attemptsOf), calls.map(callOf))),
    GROUP.most,
    GROUP.lingerMs,
  );
  private readonly releasing = new Batcher<string>((ids) => this.persist(() => this.repository.release(ids)));
  private upkeep: (() => void)[] = [];
  private closing = false;

  constructor(
    private readonly repository: LedgerRepository,
    private readonly reservations: ReservationsService,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.ensurePartitions();
    await this.sweep().catch((error: unknown) =>
      this.logger.error(error, 'what stopped processes left is not billed yet'),
    );
    this.upkeep = [
      every(RENEW_MS, this.logger, () => this.renew()),
      every(SWEEP_MS, this.logger, () => this.sweep()),
      every(PARTITIONS_MS, this.logger, () => this.ensurePartitions()),
    ];
  }

  /** The sockets are closed by now: calls that still run are being aborted, and their rows are to be written. */
  async beforeApplicationShutdown(): Promise<void> {
    const deadline = Date.now() + DRAIN_MS;
    while (this.live.size > 0 && Date.now() < deadline) await wait(20);
    this.closing = true;
    for (const end of this.upkeep) end();
    await this.settled();
    if (this.live.size > 0) this.logger.warn(`${this.live.size} calls did not end in time; their leases will be swept`);
  }

  /** To be awaited before the call is dispatched. */
  async open(call: LiveCall): Promise<void> {
    try {
      await this.opening.add(call.record());
    } catch (error) {
      this.release(call); // it may have been written all the same
      throw error;
    }
    this.live.set(call.id, call);
  }

  /**
   * The call is over. The rows of its attempts replace what was reserved for it, in one transaction behind the caller's
   * back, which is tried again while the database is away.
   */
  settle(callId: string, attempts: readonly LiveCall[]): void {
    const reserved = this.reservations.forget(callId);
    for (const { id } of attempts) this.live.delete(id);
    if (attempts.length === 0 && !reserved) return;
    this.settling
      .add({ callId, attempts: attempts.map((attempt) => attempt.record()) })
      .catch((error: unknown) => this.logger.error(error, `the usage of call ${callId} could not be written`));
  }

  /** The attempt was never dispatched: nothing is owed. */
  release(call: LiveCall): void {
    this.live.delete(call.id);
    this.releasing
      .add(call.id)
      .catch((error: unknown) => this.logger.error(error, `the lease of call ${call.id} could not be released`));
  }

  /** Resolves when every call of this process that has ended has its row. */
  async settled(): Promise<void> {
    await Promise.all([this.settling.idle(), this.releasing.idle()]);
  }

  /** A lease that another process swept in a long pause of this one is opened again. */
  private async renew(): Promise<void> {
    await this.reservations.renew();
    if (this.live.size === 0) return;
    const calls = [...this.live.values()];
    const there = await this.repository.renewLeases(calls.map((call) => call.record()));
    const lost = calls.filter(({ id }) => !there.has(id) && this.live.has(id));
    if (lost.length > 0)
      await this.repository.openLeases(
        this.owner,
        lost.map((call) => call.record()),
      );
  }

  /** A month without a partition of its own is no loss: its rows go to the one for the rest. */
  private async ensurePartitions(): Promise<void> {
    await this.repository
      .ensurePartitions()
      .catch((error: unknown) => this.logger.error(error, 'no partition could be made for a month'));
  }

  private async sweep(): Promise<void> {
    const living = [...this.live.keys()];
    try {
      this.report(await this.repository.sweepExpired(living, SWEEP_GROUP));
    } catch (error) {
      if (!isRefused(error)) throw error;
      await this.sweepSingly(living);
    }
    const abandoned = await this.reservations.abandoned(SWEEP_GROUP);
    if (abandoned.length > 0) await this.repository.settle([], abandoned);
  }

  /** One lease that can't be billed must not keep the others from it. */
  private async sweepSingly(living: string[]): Promise<void> {
    for (let left = SWEEP_GROUP; left > 0; left--) {
      try {
        if ((await this.repository.sweepExpired(living, 1)) === 0) return;
      } catch (error) {
        if (!isRefused(error)) throw error;
        const tally = await this.repository.setAside(living);
        this.logger.error(error, `a call that a stopped process left can't be billed: ${JSON.stringify(tally)}`);
      }
    }
  }

  private report(swept: number): void {
    if (swept > 0) this.logger.warn(`billed ${swept} calls that a stopped process left, from their last tally`);
  }

  /** Tries until it succeeds or the process closes: an error of the database itself is no reason to lose a row. */
  private async persist(write: () => Promise<void>): Promise<void> {
    for (let delay = RETRY_MS.first; ; delay = Math.min(delay * 2, RETRY_MS.most)) {
      try {
        await write();
        return;
      } catch (error) {
        if (this.closing || isRefused(error)) throw error;
        this.logger.warn(`usage could not be written, trying again: ${error instanceof Error ? error.message : ''}`);
        await wait(delay);
      }
    }
  }
}

/** SQLSTATE classes 22 and 23 (bad data, broken constraint): the same row would be refused again. */
function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^2[23]/.test(String(error.code));
}
