import { ConfigError } from '../../config/env';
import { type Account, run } from './run';

/** Made when the machine has no `postgres`. */
const OWN_USER = 'parley';

/** PostgreSQL refuses to run as root: the `postgres` user of this machine, or one made for Parley. Call as root only. */
export async function unprivilegedAccount(): Promise<Account> {
  const known = (await find('postgres')) ?? (await find(OWN_USER));
  if (known) return known;

  // Debian and Red Hat have the first, Alpine's busybox the second.
  let made = await run('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', OWN_USER]);
  if (!made.ok) made = await run('adduser', ['-S', '-D', '-H', OWN_USER]);
  const created = await find(OWN_USER); // also when another start was faster
  if (created) return created;
  throw new ConfigError(
    `PostgreSQL does not run as root and the user ${OWN_USER} could not be created ` +
      `(${made.output}): start Parley as an ordinary user or set DATABASE_URL`,
  );
}

async function find(name: string): Promise<Account | null> {
  const [uid, gid] = await Promise.all([run('id', ['-u', name]), run('id', ['-g', name])]);
  if (!uid.ok || !gid.ok || uid.output === '0') return null;
  return { uid: Number(uid.output), gid: Number(gid.output) };
}
