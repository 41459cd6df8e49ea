import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { PrincipalsService } from '../auth/principals.service';
import { type Ending, type Generation, GenerationsService } from '../chat/generations.service';
import { type Principal } from '../platform/common/auth/principal';
import { logFailure } from '../platform/common/errors/exception.filter';
import { storageFailure } from '../platform/common/errors/storage-failure';
import { every } from '../platform/common/every';
import { Cancelled, Interrupted } from '../platform/common/http/client-gone';
import { newId } from '../platform/common/ids';
import { parseUsd } from '../platform/common/money';
import { ReadinessChecks } from '../platform/common/readiness';
import { Config } from '../platform/config/config.service';
import { Invalidations } from '../platform/database/invalidations';
import { retryWhileAway } from '../platform/database/retry';
import { ToolsService } from '../tools/tools.service';
import { RunJournal } from './run-journal';
import { RunLeasesRepository } from './run-leases.repository';
import { endOfRun, toEnd, toRequest } from './run-segment.codec';
import { HoldLost, RunStepsRepository } from './run-steps.repository';
import { CANCEL_RUN, RunsRepository } from './runs.repository';
import { type Hold, type Run } from './runs.types';

const RENEW_MS = 1_000;
const KEPT_WITHIN_MS = 10_000;

/** One process' part of a run. */
export type Segment = Generation<Run>;

/** Of the log of one segment. */
export const logKey = ({ id, segment }: Pick<Run, 'id' | 'segment'>): string => `${id}.${segment}`;

/**
 * Carries runs on, from the last step that is complete to their end, to a call that waits for a decision, or to the end of
 * the process. A run is held by one process at a time; one that lost it stops.
 */
@Injectable()
export class RunnerService implements OnApplicationBootstrap, BeforeApplicationShutdown {
  /** Of the leases of this process. */
  readonly owner = newId();
  private readonly logger = new Logger(RunnerService.name);
  private readonly running = new Map<string, { segment: Segment; base: number }>();
  private readonly decideWithinS: number;
  private upkeep: () => void = () => undefined;

  constructor(
    { yaml }: Config,
    private readonly runs: RunsRepository,
    private readonly steps: RunStepsRepository,
    private readonly leases: RunLeasesRepository,
    private readonly generations: GenerationsService,
    private readonly tools: ToolsService,
    private readonly principals: PrincipalsService,
    private readonly invalidations: Invalidations,
    private readonly readiness: ReadinessChecks,
  ) {
    this.decideWithinS = yaml.tools.approval_expiry / 1000;
  }

  onApplicationBootstrap(): void {
    // One that is not heard is found by the next renewal.
    this.invalidations.on(CANCEL_RUN, (id) => {
      if (id) this.generations.abort(id, new Cancelled());
    });
    this.upkeep = every(RENEW_MS, this.logger, () => this.renew());
  }

  beforeApplicationShutdown(): void {
    this.upkeep();
  }

  /** Carries on a run that waits in the queue, for as long as this process can. Nothing when another has taken it. */
  async work(runId: string): Promise<void> {
    if (this.readiness.draining) return this.leases.leave(runId);
    const run = await this.leases.take(runId, this.owner);
    if (!run) return;
    const segment = await this.begin(run, null);
    await segment?.done.catch((error: unknown) => logFailure(this.logger, error));
  }

  /**
   * Begins a segment of a run that this process holds. Null when it can't be: the run has failed.
   * @param caller with the rights they have now; null to look that up
   */
  async begin(run: Run, caller: Principal | null): Promise<Segment | null> {
    const hold = { runId: run.id, owner: this.owner, segment: run.segment };
    try {
      const { workspace_id: workspaceId, user_id: userId, api_key_id: apiKeyId } = run;
      const principal = caller ?? (await this.principals.ofAccount({ workspaceId, userId, apiKeyId }));
      const toolset = await this.tools.matching(principal, run.settings.tools); // one that is gone is told to the model
      const approve = toolset.matching(run.settings.approve);
      const steps = await this.runs.steps([run.id]);
      const telling = () => ({ lengths: segment.lengths, parts: () => segment.answer.content.parts() });
      const journal = new RunJournal(this.steps, hold, run, steps, toolset, approve, telling);
      const identity = { message_id: run.id, run_id: run.id };
      const commission = { requestId: run.request_id, identity, key: logKey(run), told: run.log_base, journal };
      const segment: Segment = this.generations.start(
        principal,
        toRequest(run.settings, toolset),
        commission,
        (ended, failure) => this.end(ended, failure, journal, hold),
      );
      this.running.set(run.id, { segment, base: run.log_base });
      return segment;
    } catch (error) {
      logFailure(this.logger, error);
      if (isAway(error)) {
        await this.release(run.id, run.told);
        return null;
      }
      const { usage, cost_usd, elapsed_ms: elapsedMs } = run;
      const totals = { usage, cost: cost_usd === null ? null : parseUsd(cost_usd), elapsedMs };
      const end = toEnd(null, error, totals);
      await this.steps.end(hold, end, { told: Math.max(1, run.told) + 1, results: new Map(), approvals: new Map() });
      return null;
    }
  }

  private async end(segment: Segment, failure: unknown, journal: RunJournal, hold: Hold): Promise<Ending<Run>> {
    try {
      if (failure instanceof HoldLost) return { frames: [], failure };
      if (failure) logFailure(this.logger, failure);
      if (failure instanceof Interrupted || isAway(failure)) {
        await this.release(hold.runId, journal.told().told);
        return { frames: [], failure };
      }
      const { answer } = segment;
      await journal.cut(answer.provider, answer.model);
      const told = journal.told();
      const waits = failure === null && answer.stopReason === null && journal.waiting().length > 0;
      const end = {
        ...toEnd(answer, failure, journal.totals(answer)),
        ...(waits ? { status: 'waiting_for_approval' as const, decideWithinS: this.decideWithinS } : {}),
      };
      await retryWhileAway(() => this.steps.end(hold, end, { ...told, told: told.told + 1 }), KEPT_WITHIN_MS);
      const run = await this.runs.load(hold.runId);
      return { frames: [endOfRun(run)], result: run };
    } catch (error) {
      logFailure(this.logger, error); // it is carried on by whoever finds it
      return { frames: [], failure: error };
    } finally {
      this.running.delete(hold.runId);
    }
  }

  private release(id: string, told: number): Promise<void> {
    return retryWhileAway(() => this.leases.release(id, this.owner, told), KEPT_WITHIN_MS);
  }

  private async renew(): Promise<void> {
    if (this.running.size === 0) return;
    const live = [...this.running].map(([id, { segment, base }]) => ({ id, told: base + segment.lengths.length }));
    const kept = await this.leases.renew(this.owner, live);
    for (const { id } of live) {
      const cancelled = kept.get(id);
      if (cancelled === undefined) this.generations.abort(id, new HoldLost());
      else if (cancelled) this.generations.abort(id, new Cancelled());
    }
  }
}

/** What the run can't help: another process, or this one when its database is back, goes on from the last step. */
const isAway = (failure: unknown): boolean => storageFailure(failure)?.kind === 'unavailable';
