import { Processor, WorkerHost } from '@nestjs/bullmq';
import { type Job } from 'bullmq';
import { AGENT_RUN, ANY_STALLS, type Jobs } from '../platform/queue/queues';
import { RunnerService } from './runner.service';

/** Runs carried on in one process; nearly all of the time of each is waiting for a model or a tool. */
const AT_ONCE = 256;

/** A worker that dies between taking a job and taking its run leaves a run that nobody else is called to look at. */
const FOUND_SOON = { lockDuration: 10_000, stalledInterval: 5_000 };

/** A job whose worker died is only cleared away by BullMQ: the run has been taken over long before. */
@Processor(AGENT_RUN, { concurrency: AT_ONCE, maxStalledCount: ANY_STALLS, ...FOUND_SOON })
export class RunProcessor extends WorkerHost {
  constructor(private readonly runner: RunnerService) {
    super();
  }

  process({ data }: Job<Jobs[typeof AGENT_RUN]>): Promise<void> {
    return this.runner.work(data.runId);
  }
}
