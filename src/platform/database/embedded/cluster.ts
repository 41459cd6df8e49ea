import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../config/env';
import { majorOf } from './binaries';
import { type Placement, place } from './placement';
import { type Account, run } from './run';
import { sweep } from './sweep';

/** The superuser of the cluster, as whom Parley connects. */
export const SUPERUSER = 'parley';

/** A PostgreSQL cluster on disk, ready to be started. */
export interface Cluster {
  /** As the operator knows it. */
  readonly dataDir: string;
  /** PGDATA. */
  readonly data: string;
  readonly postgres: string;
  readonly account: Account | undefined;
  readonly password: string;
  /** Everything PostgreSQL says. */
  readonly logFile: string;
  /** Begins the path of every other cluster that is still being made for the same data directory. */
  readonly unfinished: string;
}

/** The cluster of `dataDir`, made when there is none. Throws ConfigError when it is not whole or not for these binaries. */
export async function openCluster(dataDir: string, log: (message: string) => void): Promise<Cluster> {
  let placement = await place(dataDir);
  if (!existsSync(placement.home)) {
    log('Creating the database');
    const ours = await create(placement);
    if (!ours) placement = await place(dataDir); // another start was faster: use what it made
  }
  const { home, account, binaries, unfinished } = placement;
  const data = join(home, 'data');
  await assertVersion(data, majorOf(binaries));
  return {
    dataDir,
    data,
    postgres: join(binaries.native, 'bin/postgres'),
    account,
    password: await readPassword(join(home, 'password')),
    logFile: join(dataDir, 'postgres.log'),
    unfinished,
  };
}

/** Removes what interrupted first starts left. Only for the owner of the cluster: nobody else can still win. */
export const sweepUnfinished = ({ unfinished }: Cluster): Promise<void> => sweep(unfinished);

/**
 * Makes the cluster beside its place and moves it there in one step, so that it exists whole or not at all.
 * False when another start has put one there in the meantime.
 */
async function create({ binaries, account, home, link, unfinished: prefix }: Placement): Promise<boolean> {
  const unfinished = prefix + randomBytes(4).toString('hex');
  const passwordFile = join(unfinished, 'password');
  try {
    await mkdir(unfinished, { mode: 0o700 });
    await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
    if (account) {
      await chown(passwordFile, account.uid, account.gid);
      await chown(unfinished, account.uid, account.gid);
    }
    const made = await run(join(binaries.native, 'bin/initdb'), initdbArguments(unfinished, passwordFile), account);
    if (!made.ok) {
      throw new ConfigError(`The database could not be created: ${made.output.split('\n').slice(-3).join(' ')}`);
    }
    await publish(unfinished, home, link);
    return true;
  } catch (error) {
    if (existsSync(link ?? home)) return false; // and its owner may have swept ours away
    throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function publish(unfinished: string, home: string, link: string | undefined): Promise<void> {
  await rename(unfinished, home);
  if (!link) return;
  try {
    await symlink(home, link);
  } catch (error) {
    await rm(home, { recursive: true, force: true });
    throw error;
  }
}

function initdbArguments(unfinished: string, passwordFile: string): string[] {
  return [
    `--pgdata=${join(unfinished, 'data')}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin', // sorts like C, but knows the upper and lower case of every letter
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ];
}

async function assertVersion(data: string, major: string): Promise<void> {
  const file = join(data, 'PG_VERSION');
  if (!existsSync(file)) {
    throw new ConfigError(
      `The database in ${data} is not whole (it has no PG_VERSION): restore it, or remove its directory to start with an empty one`,
    );
  }
  const found = (await readFile(file, 'utf8')).trim();
  if (found !== major) {
    throw new ConfigError(
      `The database in ${data} was made by PostgreSQL ${found} and this Parley brings PostgreSQL ${major}: ` +
        `move the data with pg_dump and pg_restore, or go back to the Parley that made it`,
    );
  }
}

async function readPassword(file: string): Promise<string> {
  const password = existsSync(file) ? (await readFile(file, 'utf8')).trim() : '';
  if (password) return password;
  throw new ConfigError(`The database's password is missing: restore ${file}`);
}
