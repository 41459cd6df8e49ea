import { setTimeout as wait } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { isLastFrame } from '../chat/native.codec';
import { type Principal } from '../platform/common/auth/principal';
import { StreamLogs } from '../platform/store/store.types';
import { replayRun } from './run-replay.codec';
import { logKey } from './runner.service';
import { runNotFound } from './runs.errors';
import { RunsRepository } from './runs.repository';

/** Between two looks at a run of which nothing is heard. */
const LOOK_AGAIN_MS = 300;

/** Tells the stream of a run to those who read it: from the log of the process that carries it on, else what is stored. */
@Injectable()
export class RunStreams {
  constructor(
    private readonly runs: RunsRepository,
    private readonly logs: StreamLogs,
  ) {}

  /**
   * All that comes after event `from`, until the run ends or waits for a decision. Whatever ends a log, the stored steps say
   * what was missed and whether more will come. Throws `run_not_found`.
   */
  async *follow(user: Principal, id: string, from: number, gone: AbortSignal): AsyncGenerator<readonly string[]> {
    let after = from;
    while (!gone.aborted) {
      const run = await this.runs.find(user, id);
      if (!run) throw runNotFound();
      const missed = replayRun(run, await this.runs.steps([id]), after);
      yield missed.map(({ frame }) => frame);
      after = missed.at(-1)?.seq ?? after;
      if (run.status !== 'running' && run.status !== 'queued') return;
      const before = after;
      let last = '';
      const { log_base: base } = run;
      if (run.status === 'running' && after >= base) {
        for await (const entries of this.logs.follow(logKey(run), after - base, gone)) {
          yield entries.map(({ data }) => data);
          after += entries.length;
          last = entries.at(-1)?.data ?? last;
        }
      } else if (run.status === 'running') after = base; // what its process tells begins there
      if (isLastFrame(last)) return;
      if (after === before) await wait(LOOK_AGAIN_MS);
    }
  }

  /** Resolves when the run ends, waits for a decision, or nobody wants to hear of it. Throws `run_not_found`. */
  async heardOut(user: Principal, id: string, gone: AbortSignal): Promise<void> {
    const batches = this.follow(user, id, 0, gone);
    while (!(await batches.next()).done) continue;
  }
}
