import { type Config } from '../config/config.service';
import { startEmbeddedPostgres } from './embedded/embedded-postgres';

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
