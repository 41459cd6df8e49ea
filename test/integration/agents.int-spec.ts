import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { type Principal } from '../../src/platform/common/auth/principal';
import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';

type DataSourceModule = typeof import('../../src/platform/database/data-source');
type RepositoryModule = typeof import('../../src/agents/agents.repository');
type CodecModule = typeof import('../../src/agents/agents.codec');
type AuditRepositoryModule = typeof import('../../src/audit/audit.repository');
type AuditModule = typeof import('../../src/audit/audit.service');

describe('an agent', () => {
  let database: TestDatabase;
  let db: DataSource;
  let agents: InstanceType<RepositoryModule['AgentsRepository']>;
  beforeAll(async () => {
    const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
    const { AgentsRepository } = dist('agents/agents.repository') as RepositoryModule;
    const { AuditRepository } = dist('audit/audit.repository') as AuditRepositoryModule;
    const { AuditService } = dist('audit/audit.service') as AuditModule;
    database = await freshDatabase();
    db = await new DataSource(dataSourceOptions(database.url)).initialize();
    agents = new AgentsRepository(db, new AuditService(new AuditRepository(db)));
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  const somebody = async (): Promise<Principal> => {
    const [userId, workspaceId] = [randomUUID(), randomUUID()];
    await db.query(`INSERT INTO users (id, email, password_hash) VALUES ($1::uuid, $1 || '@example.com', '')`, [
      userId,
    ]);
    await db.query('INSERT INTO workspaces (id, name, personal_of) VALUES ($1, $2, $3)', [workspaceId, 'test', userId]);
    return { userId, workspaceId, apiKeyId: null } as Principal;
  };

  it('is found by its id or the name it has now, in its current version or any other', async () => {
    const { UNSAID } = dist('agents/agents.codec') as CodecModule;
    const [user, other] = [await somebody(), await somebody()];
    const { id, definition } = await agents.create(user, { ...UNSAID, name: 'first' });
    await agents.update(user, id, () => ({ ...definition, name: 'second', max_steps: 2 }));
    const gone = await agents.create(user, { ...UNSAID, name: 'gone' });
    expect(await agents.softDelete(user, gone.id)).toBe(true);

    const find = async (who: Principal, agent: string, version: number | null) => {
      const found = await agents.findVersion(who, agent, version);
      return found && [found.agent_id, found.version, found.definition.name, found.definition.max_steps];
    };
    for (const agent of [id, id.toUpperCase(), 'second']) {
      expect(await find(user, agent, null)).toEqual([id, 2, 'second', 2]);
      expect(await find(user, agent, 1)).toEqual([id, 1, 'first', null]);
      expect(await find(user, agent, 3)).toBeNull();
      expect([await find(other, agent, null), await find(other, agent, 1)]).toEqual([null, null]);
    }
    for (const agent of ['first', 'gone', gone.id, randomUUID(), 'Second']) {
      expect([await find(user, agent, null), await find(user, agent, 1)]).toEqual([null, null]);
    }
  });
});
