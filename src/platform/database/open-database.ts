import { type Config } from '../config/config.service';
import { findEmbeddedPostgres, startEmbeddedPostgres } from './embedded/embedded-postgres';

/** The database the process works on, and how to let go of it. */
export interface OpenDatabase {
  url: string;
  embedded: boolean;
  stop(): Promise<void>;
}

/** The configured server, or an embedded one under the data directory when none is configured. */
export async function openDatabase({ env, dataDir }: Config, log: (message: string) => void): Promise<OpenDatabase> {
  if (env.DATABASE_URL) return { url: env.DATABASE_URL, embedded: false, stop: () => Promise.resolve() };
  const server = await startEmbeddedPostgres(dataDir, log);
  return { url: server.url, embedded: true, stop: () => server.stop() };
}

/**
 * The same for a command beside the service: it uses the embedded server another process runs, and runs it itself only
 * while nobody does. Makes no database.
 */
export async function joinDatabase(config: Config, log: (message: string) => void): Promise<OpenDatabase> {
  const url = config.env.DATABASE_URL ? null : await findEmbeddedPostgres(config.dataDir);
  return url === null ? openDatabase(config, log) : { url, embedded: true, stop: () => Promise.resolve() };
}
