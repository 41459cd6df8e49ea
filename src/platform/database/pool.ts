import { Pool } from 'pg';

/**
 * Connections besides TypeORM's, for a library with a schema of its own. They find its tables first.
 * @param schema a plain identifier
 */
export function openPool(url: string, schema: string, max: number): Pool {
  return new Pool({
    connectionString: url,
    application_name: 'parley-queue',
    max,
    connectionTimeoutMillis: 5_000,
    options: `-c search_path=${schema}`,
    onConnect: (client) => void client.on('error', () => undefined), // whoever uses it next is told
  });
}
