import { randomUUID } from 'node:crypto';
import { Client } from 'pg';

export interface TestDatabase {
  url: string;
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

/** A private copy of the migrated template: cheap, and no suite can see another's rows. */
export async function freshDatabase(): Promise<TestDatabase> {
  const template = new URL(process.env['TEST_TEMPLATE_URL']!);
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await runOn(template, '/postgres', `CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)}`);
  return {
    url: Object.assign(new URL(template), { pathname: `/${name}` }).href,
    query: (sql, parameters) => runOn(template, `/${name}`, sql, parameters),
    drop: async () => {
      await runOn(template, '/postgres', `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function runOn<Row>(server: URL, pathname: string, sql: string, parameters?: unknown[]): Promise<Row[]> {
  const client = new Client({ connectionString: Object.assign(new URL(server), { pathname }).href });
  await client.connect();
  try {
    return (await client.query(sql, parameters)).rows as Row[];
  } finally {
    await client.end();
  }
}
