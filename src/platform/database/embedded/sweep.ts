import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Removes what an interrupted start left: everything whose path begins with `prefix` and is older than `ageMs`. */
export async function sweep(prefix: string, ageMs = 0): Promise<void> {
  const parent = dirname(prefix);
  for (const name of await readdir(parent).catch(() => [])) {
    if (!name.startsWith(basename(prefix))) continue;
    const path = join(parent, name);
    try {
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs >= ageMs) await rm(path, { recursive: true, force: true });
    } catch {
      // Still being written, or gone already: the next start tries again.
    }
  }
}
