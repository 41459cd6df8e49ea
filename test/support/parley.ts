import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Contract } from './contract';
import { childEnv } from './child-env';
import { freshDatabase, type TestDatabase } from './database';
import { TestUser } from './user';

export interface ParleyOptions {
  env?: Record<string, string>;
  /** The text of `parley.yaml`. */
  yaml?: string;
  /** Another process's, to run several on one database. */
  database?: TestDatabase;
}

/** The real application as its own process on its own database. */
export class TestParley {
  readonly logs: string[] = [];
  private users = 0;

  private constructor(
    readonly url: string,
    readonly database: TestDatabase,
    readonly contract: Contract,
    private readonly process: ChildProcess,
    private readonly cleanUp: () => Promise<void>,
  ) {}

  static async start({ env = {}, yaml = '', database }: ParleyOptions = {}): Promise<TestParley> {
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-e2e-'));
    // Suites register many people and make many mistakes from one address.
    const config = `${/^throttle:/m.test(yaml) ? '' : 'throttle: { per_ip: 100000, per_mail: 100000 }\n'}${yaml}`;
    writeFileSync(join(dataDir, 'parley.yaml'), config);
    const own = database ?? (await freshDatabase());
    const child = spawn(process.execPath, [join(__dirname, '../../dist/main.js')], {
      cwd: dataDir,
      env: {
        ...childEnv(),
        DATABASE_URL: own.url,
        DATA_DIR: dataDir,
        HOST: '127.0.0.1',
        PORT: '0',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    const port = await new Promise<string>((listening, failed) => {
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          lines.push(line);
          const [, found] = /^Parley listens on http:\/\/localhost:(\d+)/.exec(line) ?? [];
          if (found) listening(found);
        });
      }
      child.once('exit', (code) => failed(new Error(`exited with ${code}:\n${lines.join('\n')}`)));
    });
    const url = `http://127.0.0.1:${port}`;
    const parley = new TestParley(url, own, Contract.of(await openApi(url)), child, async () => {
      if (!database) await own.drop();
      rmSync(dataDir, { recursive: true, force: true });
    });
    Object.assign(parley, { logs: lines });
    return parley;
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Someone new, with a personal workspace. */
  async user(): Promise<TestUser> {
    return TestUser.register(this, `user${++this.users}-${Date.now()}@example.com`);
  }

  anonymous(): TestUser {
    return new TestUser(this, {});
  }

  /** As an operator does it. Resolves with the exit code. */
  async stop(): Promise<number | null> {
    const code = await this.end('SIGTERM');
    await this.cleanUp();
    return code;
  }

  /** The same, and the database stays, to be looked at. */
  terminate(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  /** As a crash does it. The database stays. */
  async kill9(): Promise<void> {
    await this.end('SIGKILL');
  }

  private async end(signal: NodeJS.Signals): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode;
    const exited = once(this.process, 'exit');
    this.process.kill(signal);
    await exited;
    return this.process.exitCode;
  }
}

export const startParley = (options?: ParleyOptions): Promise<TestParley> => TestParley.start(options);

/** What the build under test says of itself. The first process that is started is asked, for all test files. */
async function openApi(url: string): Promise<string> {
  const file = process.env['TEST_OPENAPI']!;
  if (!existsSync(file)) {
    const draft = `${file}.${process.pid}`;
    writeFileSync(draft, await (await fetch(`${url}/openapi.json`)).text());
    renameSync(draft, file);
  }
  return readFileSync(file, 'utf8');
}
