import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { childEnv } from './child-env';
import { freshDatabase, type TestDatabase } from './database';
import { type ParleyOptions, startParley, type TestParley } from './parley';

const JWT_SECRET = 'the same secret for all of the processes';

/** The real worker as its own process. */
export class TestWorker {
  readonly logs: string[] = [];

  private constructor(private readonly process: ChildProcess) {}

  static async start(env: Record<string, string>, cwd: string): Promise<TestWorker> {
    const child = spawn(process.execPath, [join(__dirname, '../../dist/worker.js')], {
      cwd,
      env: { ...childEnv(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const worker = new TestWorker(child);
    await new Promise<void>((ready, failed) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          worker.logs.push(line);
          if (line.includes('waiting for jobs')) ready();
        });
      }
      child.once('exit', (code) => failed(new Error(`the worker exited with ${code}:\n${worker.logs.join('\n')}`)));
    });
    return worker;
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** As an operator does it. Resolves with the exit code. */
  stop = (): Promise<number | null> => this.end('SIGTERM');
  /** As a crash does it. */
  kill9 = (): Promise<number | null> => this.end('SIGKILL');

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode;
    const exited = once(this.process, 'exit');
    this.process.kill(signal);
    await exited;
    return this.process.exitCode;
  }
}

/** APIs and workers on one database, with one folder of files. */
export class Fleet {
  private readonly processes: { kill9(): Promise<unknown> }[] = [];
  private readonly workers: TestWorker[] = [];
  private readonly dataDir = mkdtempSync(join(tmpdir(), 'parley-fleet-'));

  private constructor(
    readonly database: TestDatabase,
    private readonly env: Record<string, string>,
  ) {}

  static async begin(env: Record<string, string> = {}): Promise<Fleet> {
    return new Fleet(await freshDatabase(), env);
  }

  /** Leaves jobs to workers, unless told otherwise. */
  async api({ env = {}, yaml = '' }: Omit<ParleyOptions, 'database'> = {}): Promise<TestParley> {
    const { database, dataDir } = this;
    const own = { JWT_SECRET, DATA_DIR: dataDir, WORKERS: 'off', ...this.env };
    const api = await startParley({ database, env: { ...own, ...env }, yaml });
    this.processes.push(api);
    return api;
  }

  async worker(): Promise<TestWorker> {
    const { database, dataDir } = this;
    const own = { JWT_SECRET, DATA_DIR: dataDir, DATABASE_URL: database.url, ...this.env };
    const worker = await TestWorker.start(own, dataDir);
    this.workers.push(worker);
    return worker;
  }

  async stopWorkers(): Promise<void> {
    await Promise.all(this.workers.splice(0).map((worker) => worker.stop()));
  }

  async end(): Promise<void> {
    await this.stopWorkers();
    for (const process of this.processes) await process.kill9();
    await this.database.drop();
    rmSync(this.dataDir, { recursive: true, force: true });
  }
}
