import { InjectQueue } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Queue } from 'bullmq';
import { Complaints } from '../platform/common/complaints';
import { every } from '../platform/common/every';
import { priorityOf } from '../platform/queue/priority';
import { AGENT_RUN, type Jobs } from '../platform/queue/queues';
import { RunLeasesRepository, type WaitingRun } from './run-leases.repository';
import { RunsRepository } from './runs.repository';

const LOOK_MS = 1_000;
const MOST = 500;
const GONE_AFTER = { removeOnComplete: true, removeOnFail: true };

/**
 * Makes jobs for the runs that wait for a worker, as documents get theirs: a job is only a call to look at its row. Also
 * finds runs whose process died, and those nobody decided about in time.
 */
@Injectable()
export class RunQueue implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger(RunQueue.name);
  private readonly complaints = new Complaints(this.logger, 'the job queue');
  private end: () => void = () => undefined;

  constructor(
    private readonly leases: RunLeasesRepository,
    private readonly runs: RunsRepository,
    @InjectQueue(AGENT_RUN) private readonly queue: Queue<Jobs[typeof AGENT_RUN]>,
  ) {}

  onApplicationBootstrap(): void {
    this.end = every(LOOK_MS, this.logger, async () => {
      const left = await this.leases.takeOver();
      if (left > 0) this.logger.warn(`took over ${left} runs whose process died`);
      await this.runs.expire();
      await this.look();
    });
  }

  beforeApplicationShutdown(): void {
    this.end();
  }

  /** A run waits for a worker. Nobody waits for that; what fails is tried again. */
  lookSoon(): void {
    this.look().catch((error: unknown) => this.complaints.about(error));
  }

  private async look(): Promise<void> {
    const queued = await this.leases.queued(MOST);
    if (queued.length === 0) return;
    try {
      await this.queue.addBulk(queued.map(runJob));
      this.complaints.over();
    } catch (error) {
      await this.leases.forget(queued.map(({ runId }) => runId));
      throw error;
    }
  }
}

const runJob = ({ turn, ...data }: WaitingRun) => ({
  name: 'run',
  data,
  opts: { ...GONE_AFTER, jobId: `${data.runId}-${data.jobVersion}`, priority: priorityOf({ turn }) },
});
