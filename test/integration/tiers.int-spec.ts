import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';

type DataSourceModule = typeof import('../../src/platform/database/data-source');
type AccountsModule = typeof import('../../src/workspaces/accounts.repository');
type ApiKeysModule = typeof import('../../src/auth/api-keys.repository');

describe('the tier of a caller', () => {
  let database: TestDatabase;
  let db: DataSource;
  beforeAll(async () => {
    database = await freshDatabase();
    const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
    db = await new DataSource(dataSourceOptions(database.url)).initialize();
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  it.each([
    [null, null, null, null, null],
    ['w', null, null, 'w', 'w'],
    ['w', 'u', null, 'u', 'u'],
    ['w', 'u', 'k', 'u', 'k'],
    ['w', null, 'k', 'w', 'k'],
  ])(
    'is, of workspace %p, user %p and key %p, %p by token and %p by key',
    async (workspace, user, key, byToken, byKey) => {
      const [userId, workspaceId, hash] = [randomUUID(), randomUUID(), Buffer.from(randomUUID())];
      await database.query(
        `INSERT INTO users (id, email, password_hash, tier) VALUES ($1::uuid, $1::uuid::text, '', $2)`,
        [userId, user],
      );
      await database.query(`INSERT INTO workspaces (id, name, personal_of, tier) VALUES ($1, 'w', $2, $3)`, [
        workspaceId,
        userId,
        workspace,
      ]);
      await database.query(`INSERT INTO memberships (workspace_id, user_id, role) VALUES ($1, $2, 'owner')`, [
        workspaceId,
        userId,
      ]);
      await database.query(
        `INSERT INTO api_keys (id, workspace_id, user_id, name, prefix, key_hash, tier)
       VALUES (gen_random_uuid(), $1, $2, '', '', $3, $4)`,
        [workspaceId, userId, hash, key],
      );
      const { AccountsRepository } = dist('workspaces/accounts.repository') as AccountsModule;
      const { ApiKeysRepository } = dist('auth/api-keys.repository') as ApiKeysModule;
      const unused = undefined as never;
      const known = await new ApiKeysRepository(db, unused, unused).findByHash(hash);
      const account = await new AccountsRepository(db).find(userId, null);
      expect([account!.tier, known!.principal.tier]).toEqual([byToken, byKey]);
    },
  );
});
