import { setTimeout as wait } from 'node:timers/promises';
import { BullRegistrar, WorkerHost } from '@nestjs/bullmq';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { type Queue, type Worker } from 'bullmq';
import { Complaints } from '../common/complaints';
import { ReadinessChecks } from '../common/readiness';
import { Config } from '../config/config.service';
import { QUEUE_BACKEND, type QueueBackend } from './queue-backend';
import { type QueueName, SCHEDULES } from './queues';

/** What jobs under way get at a shutdown; then they are left, and another process begins them anew. */
const CLOSE_MS = 3_000;
const RETRY_MS = 1_000;
/** Schedules are made anew so often. */
const REMAKE_MS = 600_000;
/** Finished jobs that stay to be looked at. */
const KEPT = { removeOnComplete: { count: 24 }, removeOnFail: { count: 100 } };

export const ALL_QUEUES = Symbol('AllQueues');

/** Watches over queues and workers: their errors, their readiness, the schedules, and their end. */
@Injectable()
export class QueueLifecycle implements OnApplicationBootstrap, BeforeApplicationShutdown, OnApplicationShutdown {
  private readonly logger = new Logger('Queue');
  private readonly complaints = new Complaints(this.logger, 'the job queue');
  private readonly stopping = new AbortController();
  private workers: Worker[] = [];

  constructor(
    @Inject(QUEUE_BACKEND) private readonly backend: QueueBackend,
    @Inject(ALL_QUEUES) private readonly queues: readonly Queue[],
    private readonly registrar: BullRegistrar,
    private readonly discovery: DiscoveryService,
    private readonly checks: ReadinessChecks,
    private readonly config: Config,
  ) {
    for (const queue of queues) queue.on('error', (error) => this.complaints.about(error));
  }

  onApplicationBootstrap(): void {
    if (this.config.env.WORKERS === 'on') this.begin();
    this.checks.add('queue', () => this.check());
    void this.schedule();
  }

  /** An error nobody listens to would be printed by BullMQ itself. */
  private begin(): void {
    this.registrar.register();
    this.workers = this.discovery
      .getProviders()
      .map(({ instance }) => instance as unknown)
      .filter((instance) => instance instanceof WorkerHost)
      .map((processor: WorkerHost) => processor.worker);
    for (const worker of this.workers) {
      worker.on('error', (error) => this.complaints.about(error));
      worker.on('failed', (job, error) => this.logger.error(error, `job ${job?.id ?? ''} of ${worker.name} failed`));
    }
  }

  /** Takes no more jobs. Those under way get a moment; what is stuck on a store that is away is let go. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(
      this.workers.map(async (worker) => {
        const finished = await this.soon(worker.pause());
        await this.soon(worker.close(!finished));
      }),
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all(this.queues.map((queue) => this.soon(queue.close())));
    await this.backend.close();
  }

  private async check(): Promise<void> {
    await Promise.all(this.queues.map((queue) => queue.count()));
    this.complaints.over();
  }

  /**
   * Every process does it: a schedule has one name, and makes one job at a time. Again and again, because a Redis that
   * was emptied has forgotten it.
   */
  private async schedule(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const made = await Promise.all(this.queues.map((queue) => scheduleOf(queue))).then(
        () => true,
        (error: unknown) => this.complaints.about(error),
      );
      await wait(made ? REMAKE_MS : RETRY_MS, undefined, { signal }).catch(() => undefined); // stopping: the loop ends
    }
  }

  /** Whether it is done within the time a shutdown has for it. */
  private async soon(done: Promise<unknown>): Promise<boolean> {
    const late = new AbortController();
    try {
      return await Promise.race([done.then(() => true), wait(CLOSE_MS, false, { signal: late.signal })]);
    } catch (error) {
      this.complaints.about(error);
      return false;
    } finally {
      late.abort();
    }
  }
}

async function scheduleOf(queue: Queue): Promise<void> {
  const pattern = SCHEDULES[queue.name as QueueName];
  if (pattern) await queue.upsertJobScheduler('schedule', { pattern, tz: 'UTC' }, { opts: KEPT });
}
