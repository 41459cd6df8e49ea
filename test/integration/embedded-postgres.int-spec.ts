import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { readdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { copyCheckout, Owner, PROGRAM } from '../support/embedded-owner';

const root = process.getuid?.() === 0;
const NOBODY = { uid: 65534, gid: 65534 };

const owners: Owner[] = [];
const directories: string[] = [];

function start(...options: ConstructorParameters<typeof Owner>): Owner {
  const owner = new Owner(...options);
  owners.push(owner);
  return owner;
}

function directory(mode: number, parent = tmpdir()): string {
  const made = mkdtempSync(join(parent, 'parley-embedded-'));
  chmodSync(made, mode);
  directories.push(made);
  return made;
}

const pidFile = (dataDir: string) => join(dataDir, 'postgres/data/postmaster.pid');
const postmasterPid = (dataDir: string) => Number(readFileSync(pidFile(dataDir), 'utf8').split('\n')[0]);

async function query(url: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(sql)).rows[0];
  } finally {
    await client.end().catch(() => undefined);
  }
}

const note = (url: string) => query(url, `CREATE TABLE note AS SELECT 'kept' AS text`);
const readNote = (url: string) => query(url, 'SELECT text FROM note');
const KEPT = { text: 'kept' };

const canRun = (program: string) =>
  spawnSync(program, ['--version'], { ...(root ? NOBODY : {}), cwd: '/' }).status === 0;

/** What root's PostgreSQL runs from when it can't reach the checkout. Ours to remove only while no test needs it. */
function copiesOfBinaries(): string[] {
  const parent = '/var/lib/parley';
  if (!existsSync(parent) || !canRun(PROGRAM)) return [];
  return readdirSync(parent)
    .filter((name) => name.startsWith('postgresql-'))
    .map((name) => join(parent, name));
}

async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 250; tries++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
}

/** Ends the PostgreSQL a test left behind, and removes its cluster, which as root may be somewhere else. */
async function remove(dataDir: string): Promise<void> {
  if (existsSync(pidFile(dataDir))) {
    const pid = postmasterPid(dataDir);
    process.kill(pid, 'SIGQUIT');
    await gone(pid);
  }
  const home = join(dataDir, 'postgres');
  if (existsSync(home)) rmSync(realpathSync(home), { recursive: true });
  rmSync(dataDir, { recursive: true, force: true });
}

describe('embedded PostgreSQL', () => {
  jest.setTimeout(60_000);

  afterEach(async () => {
    for (const owner of owners.splice(0)) await owner.kill();
    for (const made of directories.splice(0)) await remove(made);
  });

  it('keeps its data over a clean stop', async () => {
    const dataDir = directory(0o755);
    const first = start(dataDir);
    await note(await first.url());
    expect(await first.stop()).toBe(0);
    expect(existsSync(pidFile(dataDir))).toBe(false);

    const second = start(dataDir);
    expect(await readNote(await second.url())).toEqual(KEPT);
  });

  it('is taken over when its owner was killed', async () => {
    const dataDir = directory(0o755);
    const first = start(dataDir);
    await note(await first.url());
    const postmaster = postmasterPid(dataDir);
    await first.kill();

    const second = start(dataDir);
    expect(await readNote(await second.url())).toEqual(KEPT);
    expect(postmasterPid(dataDir)).toBe(postmaster);
    expect(await second.stop()).toBe(0);
  });

  it('starts again when it was killed together with its owner', async () => {
    const dataDir = directory(0o755);
    const first = start(dataDir);
    await note(await first.url());
    process.kill(postmasterPid(dataDir), 'SIGKILL');
    await first.kill();

    const second = start(dataDir);
    expect(await readNote(await second.url())).toEqual(KEPT);
  });

  it('has one owner, on a new directory and on one in use', async () => {
    const fresh = directory(0o755);
    const contenders = [start(fresh), start(fresh)];
    const used = directory(0o755);
    const owner = start(used);
    await owner.url();
    const late = start(used);

    expect(await late.exited).toBe(1);
    expect(late.said.at(-1)).toMatchObject({
      kind: 'ConfigError',
      error: expect.stringMatching(`in use by another running Parley \\(process ${owner.pid}\\)`),
    });

    const loser = await Promise.race(contenders.map(async (contender) => (await contender.exited, contender)));
    const [winner] = contenders.filter((contender) => contender !== loser);
    expect(loser.said.at(-1)?.error).toContain(`(process ${winner!.pid})`);
    expect(await query(await winner!.url(), 'SELECT 1 AS one')).toEqual({ one: 1 });
    expect(readdirSync(fresh).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('waits for an owner that is stopping', async () => {
    const dataDir = directory(0o755);
    const first = start(dataDir);
    await note(await first.url());
    const second = start(dataDir);
    await sleep(1000);
    expect(second.said).toEqual([]);
    expect(await first.stop()).toBe(0);
    expect(await readNote(await second.url())).toEqual(KEPT);
  });

  it('starts afresh after a first start that was killed, and clears up after it', async () => {
    const dataDir = directory(0o755);
    const first = start(dataDir);
    await first.hear('log');
    while (!readdirSync(dataDir).some((name) => name.startsWith('postgres.new-'))) await sleep(5);
    process.kill(-first.pid, 'SIGKILL');
    await first.exited;
    expect(readdirSync(dataDir)).toEqual([expect.stringMatching(/^postgres\.new-/)]);

    await start(dataDir).url();
    expect(readdirSync(dataDir).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('is not stopped by a process that has inherited the pid of a dead PostgreSQL', async () => {
    const dataDir = directory(0o755);
    const first = start(dataDir);
    await first.url();
    const stale = readFileSync(pidFile(dataDir), 'utf8').split('\n').slice(1);
    await first.stop();
    const { uid, gid } = statSync(join(dataDir, 'postgres')); // PostgreSQL believes in pids of its own user only
    const stranger = spawn('sleep', ['60'], { cwd: '/', ...(root ? { uid, gid } : {}) });
    try {
      writeFileSync(pidFile(dataDir), [stranger.pid, ...stale].join('\n'));
      await start(dataDir).url();
      expect(postmasterPid(dataDir)).not.toBe(stranger.pid);
    } finally {
      stranger.kill('SIGKILL');
    }
  });

  it('comes back on the same address when it dies', async () => {
    const dataDir = directory(0o755);
    const owner = start(dataDir);
    const url = await owner.url();
    await note(url);
    process.kill(postmasterPid(dataDir), 'SIGKILL');
    while (owner.said.at(-1)?.log !== 'PostgreSQL is back') await sleep(50);
    expect(await readNote(url)).toEqual(KEPT);
    expect(await owner.stop()).toBe(0);
    expect(existsSync(pidFile(dataDir))).toBe(false);
  });

  it('says in one sentence what is wrong with a damaged directory', async () => {
    const dataDir = directory(0o755);
    const home = join(dataDir, 'postgres');
    const complaint = async () => (await start(dataDir).hear('error')).error;
    const first = start(dataDir);
    await first.url();
    await first.stop();

    writeFileSync(join(home, 'data/PG_VERSION'), '17\n');
    expect(await complaint()).toMatch(/made by PostgreSQL 17 and this Parley brings PostgreSQL \d+/);
    rmSync(join(home, 'data/PG_VERSION'));
    expect(await complaint()).toMatch(/is not whole/);
    writeFileSync(join(home, 'data/PG_VERSION'), '18\n');
    rmSync(join(home, 'password'));
    expect(await complaint()).toMatch(/password is missing/);
  });

  /** Data that nobody else can reach, before and after an owner's sudden death. */
  async function worksIn(checkout: string, account?: typeof NOBODY): Promise<string> {
    const dataDir = join(checkout, 'data');
    copyCheckout(checkout, account);
    mkdirSync(dataDir, { mode: 0o700 });
    if (account) chownSync(dataDir, account.uid, account.gid);
    const first = start(dataDir, { checkout, account });
    await note(await first.url());
    await first.kill();
    const second = start(dataDir, { checkout, account });
    expect(await readNote(await second.url())).toEqual(KEPT);
    expect(await second.stop()).toBe(0);
    return dataDir;
  }

  it('runs from a checkout that only its own user can read', async () => {
    const had = copiesOfBinaries();
    const checkout = directory(0o700, homedir());
    try {
      await worksIn(checkout);
    } finally {
      await remove(join(checkout, 'data'));
      for (const name of copiesOfBinaries().filter((copy) => !had.includes(copy))) {
        rmSync(name, { recursive: true });
      }
    }

    if (!root || !canRun(process.execPath)) return; // an ordinary user has shown it above
    const dataDir = await worksIn(directory(0o700), NOBODY);
    expect(statSync(join(dataDir, 'postgres')).uid).toBe(NOBODY.uid);
    await remove(dataDir);
  });
});
