import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';

/** A real redis-server on a port of its own, which keeps nothing when it ends. */
export class TestRedis {
  private process: ChildProcess | null = null;
  private readonly dir = mkdtempSync(join(tmpdir(), 'parley-redis-'));
  private readonly killedAtExit = () => this.process?.kill('SIGKILL');

  private constructor(private readonly port: number) {
    process.once('exit', this.killedAtExit);
  }

  static async start(): Promise<TestRedis> {
    const redis = new TestRedis(await freePort());
    await redis.run();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Empty, on the same port. */
  async run(): Promise<void> {
    const options = { port: this.port, bind: '127.0.0.1', save: '', appendonly: 'no', dir: this.dir };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(process.env['TEST_REDIS_SERVER']!, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.process = child;
    const said: string[] = [];
    await new Promise<void>((listening, failed) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        said.push(line);
        if (line.includes('Ready to accept connections')) listening();
      });
      child.once('error', failed);
      child.once('exit', () => failed(new Error(`redis-server ended:\n${said.join('\n')}`)));
    });
  }

  /** As a crash does it: what it held is gone. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  /** Accepts connections and answers nothing, until `resume`. */
  pause(): void {
    this.process?.kill('SIGSTOP');
  }

  resume(): void {
    this.process?.kill('SIGCONT');
  }

  /** What a single command answers. */
  async command(name: string, ...args: string[]): Promise<unknown> {
    const client = new Redis(this.url);
    try {
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  async keys(): Promise<string[]> {
    return (await this.command('KEYS', '*')) as string[];
  }

  async stop(): Promise<void> {
    await this.end('SIGKILL');
    process.off('exit', this.killedAtExit);
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    this.process = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}

/** For suites that only use Redis: the one at `REDIS_URL` when it is set, else one of their own. */
export async function anyRedis(): Promise<Pick<TestRedis, 'url' | 'stop'>> {
  const url = process.env['REDIS_URL'];
  return url ? { url, stop: () => Promise.resolve() } : TestRedis.start();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
