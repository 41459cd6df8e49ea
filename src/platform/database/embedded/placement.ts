import { createHash, randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../config/env';
import { unprivilegedAccount } from './account';
import { type Binaries, copyBinaries, installedBinaries } from './binaries';
import { type Account, run } from './run';

/** For root only: here an unprivileged user gets at what it can't reach in the checkout or the data directory. */
const SHARED = '/var/lib/parley';

/** Which programs run as whom on which directory. */
export interface Placement {
  readonly binaries: Binaries;
  /** Undefined: as ourselves. */
  readonly account: Account | undefined;
  /** Holds the cluster and its password; does not exist before the first start. */
  readonly home: string;
  /** Where a symlink to `home` has to be once `home` exists. Undefined: nowhere. */
  readonly link: string | undefined;
  /** Begins the path of every cluster that is still being made. */
  readonly unfinished: string;
}

/** Decides where PostgreSQL runs for `dataDir`. Throws ConfigError when it can't. */
export async function place(dataDir: string): Promise<Placement> {
  const installed = await installedBinaries();
  const root = process.getuid?.() === 0;
  const directory = await realpath(dataDir);
  const where = (await existing(directory, root)) ?? (await fresh(directory, root));
  const binaries = where.account ? await runnable(installed, where.account) : installed;
  const inside = dirname(where.home) === directory;
  const unfinished = `${join(dirname(where.home), inside ? 'postgres' : digest(directory))}.new-`;
  return { binaries, ...where, unfinished };
}

type Where = Omit<Placement, 'binaries' | 'unfinished'>;

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);

/** A cluster stays where it is and with whom it is. */
async function existing(dataDir: string, root: boolean): Promise<Where | null> {
  const entry = join(dataDir, 'postgres');
  const found = await lstat(entry).catch(absent);
  if (!found) return null;

  const home = await realpath(entry).catch(absent);
  if (!home) {
    throw new ConfigError(
      `The database that the link ${entry} points to is gone: bring it back, or remove the link to start with an empty one`,
    );
  }
  const { uid, gid } = await stat(home);
  if (root && uid === 0) {
    throw new ConfigError(`${home} belongs to root, as whom PostgreSQL does not run: give it to an ordinary user`);
  }
  if (!root && uid !== process.getuid?.()) {
    throw new ConfigError(`${home} belongs to another user (uid ${uid}): start Parley as that user or as root`);
  }
  const account = root ? { uid, gid } : undefined;
  if (account && !(await canEnter(home, account))) {
    throw new ConfigError(`The user PostgreSQL runs as (uid ${uid}) can't reach its directory ${home}`);
  }
  return { account, home, link: undefined };
}

async function fresh(dataDir: string, root: boolean): Promise<Where> {
  const entry = join(dataDir, 'postgres');
  if (!root) return { account: undefined, home: entry, link: undefined };

  const account = await unprivilegedAccount();
  if (await canEnter(dataDir, account)) return { account, home: entry, link: undefined };

  // A new name each time: who removed the data directory wants an empty database, and who lost the link wants the old one.
  return { account, home: join(await shared(), `${digest(dataDir)}-${randomBytes(4).toString('hex')}`), link: entry };
}

async function runnable(binaries: Binaries, account: Account): Promise<Binaries> {
  const postgres = join(binaries.native, 'bin/postgres');
  if ((await run(postgres, ['--version'], account)).ok) return binaries;
  return copyBinaries(binaries, await shared());
}

async function shared(): Promise<string> {
  await mkdir(SHARED, { recursive: true });
  await chmod(SHARED, 0o755); // whatever our umask is
  return SHARED;
}

/** Asked as that user: permissions, ACLs and mounts say together what no mode bit says alone. */
async function canEnter(directory: string, account: Account): Promise<boolean> {
  const { ok } = await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', directory], account);
  return ok;
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}
