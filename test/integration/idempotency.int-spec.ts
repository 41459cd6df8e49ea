import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';

type DataSourceModule = typeof import('../../src/platform/database/data-source');
type IdempotencyModule = typeof import('../../src/idempotency/idempotency.repository');

describe('stored answers', () => {
  let database: TestDatabase;
  let db: DataSource;
  let keys: InstanceType<IdempotencyModule['IdempotencyRepository']>;
  let workspaceId: string;
  beforeAll(async () => {
    database = await freshDatabase();
    const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
    db = await new DataSource(dataSourceOptions(database.url)).initialize();
    keys = new (dist('idempotency/idempotency.repository') as IdempotencyModule).IdempotencyRepository(db);
    workspaceId = randomUUID();
    await db.query(`INSERT INTO workspaces (id, name) VALUES ($1, 'one')`, [workspaceId]);
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });
  beforeEach(() => db.query('TRUNCATE idempotency_keys'));

  const asked = (key: string, body = 'same') => ({
    workspaceId,
    principalId: workspaceId,
    route: 'POST /v1/chat',
    key,
    fingerprint: Buffer.from(body),
  });
  const answer = { status: 200, headers: {}, body: Buffer.from('x') };
  const expire = (key: string, column: string) =>
    db.query(`UPDATE idempotency_keys SET ${column} = now() - interval '1 second' WHERE key = $1`, [key]);

  it('are deleted when they have expired, some at a time, but not while they are worked on', async () => {
    for (const key of ['a', 'b', 'c', 'fresh', 'busy']) {
      const claim = randomUUID();
      expect(await keys.claim(asked(key), claim)).toBe(true);
      if (key !== 'busy') await keys.complete(claim, answer);
      if (key !== 'fresh') await expire(key, 'expires_at');
    }
    expect(await keys.deleteExpired(2)).toBe(2);
    expect(await keys.deleteExpired(2)).toBe(1);
    expect(await db.query('SELECT key FROM idempotency_keys ORDER BY key')).toEqual([
      { key: 'busy' },
      { key: 'fresh' },
    ]);
  });

  it('of a process that seemed dead are not those of the one that took over', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    expect(await keys.claim(asked('key'), first)).toBe(true);
    expect(await keys.claim(asked('key'), second)).toBe(false);
    await expire('key', 'lease_expires_at');
    expect(await keys.claim(asked('key', 'another'), randomUUID())).toBe(false);
    expect(await keys.claim(asked('key'), second)).toBe(true);

    await keys.complete(first, answer);
    await keys.release(first);
    expect((await keys.find(asked('key')))?.status).toBeNull();
    await keys.complete(second, answer);
    expect((await keys.find(asked('key')))?.body).toEqual(answer.body);
    await keys.release(second);
    expect((await keys.find(asked('key')))?.status).toBe(200);
  });
});
