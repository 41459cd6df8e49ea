import { randomUUID } from 'node:crypto';
import { Client, Pool } from 'pg';

export interface TestDatabase {
  url: string;
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A private copy of the migrated template: cheap, and no suite can see another's rows. */
export async function freshDatabase(): Promise<TestDatabase> {
  const template = new URL(process.env['TEST_TEMPLATE_URL']!);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(template, `CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)} STRATEGY file_copy`);
  const url = at(template, `/${name}`);
  const pool = new Pool({ connectionString: url, max: 4, allowExitOnIdle: true });
  pool.on('error', () => undefined); // of a connection that somebody cut: the next query has another
  return {
    url,
    query: async <Row>(sql: string, parameters?: unknown[]) => (await pool.query(sql, parameters)).rows as Row[],
    drop: async () => {
      await pool.end();
      await administer(template, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

const at = (server: URL, pathname: string): string => Object.assign(new URL(server), { pathname }).href;

async function administer(server: URL, sql: string): Promise<void> {
  const client = new Client({ connectionString: at(server, '/postgres') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
