import { randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { type Principal } from '../../src/platform/common/auth/principal';
import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';

type DataSourceModule = typeof import('../../src/platform/database/data-source');
type RepositoryModule = typeof import('../../src/agents/agents.repository');
type CodecModule = typeof import('../../src/agents/agents.codec');
type LeasesModule = typeof import('../../src/agents/run-leases.repository');
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

  it('has runs that take turns with those of other workspaces, whoever has more of them waiting', async () => {
    const leases = new (dist('agents/run-leases.repository') as LeasesModule).RunLeasesRepository(db);
    const asked = new Map<string, string>();
    const ask = async ({ workspaceId, userId }: Principal, name: string) => {
      const id = randomUUID();
      await db.query(
        `INSERT INTO agent_runs (id, workspace_id, user_id, request_id, settings, status, usage)
         VALUES ($1, $2, $3, 'r', '{}', 'queued', '{}')`,
        [id, workspaceId, userId],
      );
      asked.set(id, name);
    };
    const waiting = async () => {
      const runs = await leases.queued(100);
      return runs.map(({ runId, turn }) => `${asked.get(runId)} ${turn}`).sort();
    };
    const [many, few] = [await somebody(), await somebody()];
    for (let i = 0; i < 3; i++) await ask(many, 'many');
    await ask(few, 'few');
    expect(await waiting()).toEqual(['few 1', 'many 1', 'many 2', 'many 3']);
    expect(await waiting()).toEqual([]);
    await leases.forget([...asked.keys()]);
    await db.query(`UPDATE agent_runs SET status = 'cancelled' WHERE workspace_id = $1`, [many.workspaceId]);
    await ask(few, 'next');
    const [first, second] = await leases.queued(100);
    expect([first?.turn, second?.turn].sort()).toEqual([1, 2]);
  });
});
