import { storageFailure } from './platform/common/errors/storage-failure';
import { type Config } from './platform/config/config.service';
import { ConfigError } from './platform/config/env';
import { migrate } from './platform/database/migrate';
import { type OpenDatabase } from './platform/database/open-database';
import { migrateQueues } from './platform/queue/queue-backend';

/** Without its schema there is no start. Throws ConfigError when the configured database can't be used. */
export async function prepareDatabase({ url, embedded }: OpenDatabase, { env }: Config): Promise<void> {
  try {
    await migrate(url);
    if (!env.REDIS_URL) await migrateQueues(url);
  } catch (error) {
    const away =
      storageFailure(error) !== null ||
      (error instanceof Error && 'code' in error && /^(28|3D|42501)/.test(String(error.code)));
    if (!embedded && away)
      throw new ConfigError(`DATABASE_URL: the database can't be used: ${(error as Error).message}`);
    throw error;
  }
}
