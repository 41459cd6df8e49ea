import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';
import { until } from '../support/until';

type DataSourceModule = typeof import('../../src/platform/database/data-source');
type ConfigModule = typeof import('../../src/platform/config/config.service');
type KeyRingModule = typeof import('../../src/platform/secrets/key-ring');
type RepositoryModule = typeof import('../../src/platform/secrets/secrets.repository');
type ServiceModule = typeof import('../../src/platform/secrets/secrets.service');
type SecretsService = InstanceType<ServiceModule['SecretsService']>;

const [OLD, NEW] = ['old', 'new'].map((name) => name.padEnd(40, '.')) as [string, string];

describe('secrets of workspaces', () => {
  let database: TestDatabase;
  let db: DataSource;
  let dataDir: string;
  let workspaces: string[];
  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await freshDatabase();
    dataDir = mkdtempSync(join(tmpdir(), 'parley-secrets-'));
    const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
    db = await new DataSource(dataSourceOptions(database.url)).initialize();
    workspaces = [randomUUID(), randomUUID()];
    for (const id of workspaces) await db.query("INSERT INTO workspaces (id, name) VALUES ($1, 'test')", [id]);
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
    rmSync(dataDir, { recursive: true });
  });
  beforeEach(() => db.query('DELETE FROM secrets'));

  /** What a process with these keys has. */
  const serviceWith = (key: string, previous = '', source = db): SecretsService => {
    const { Config } = dist('platform/config/config.service') as ConfigModule;
    const { KeyRing } = dist('platform/secrets/key-ring') as KeyRingModule;
    const { SecretsRepository } = dist('platform/secrets/secrets.repository') as RepositoryModule;
    const { SecretsService } = dist('platform/secrets/secrets.service') as ServiceModule;
    const config = Config.load({ DATA_DIR: dataDir, ENCRYPTION_KEY: key, ENCRYPTION_KEY_PREVIOUS: previous });
    return new SecretsService(new KeyRing(config), new SecretsRepository(source));
  };
  const put = (service: SecretsService, value: string, workspace = workspaces[0]!) =>
    db.transaction((tx) => service.put(tx, workspace, value));
  const fill = async (service: SecretsService, count: number) => {
    const stored = new Map<string, string>();
    for (let n = 0; n < count; n++) stored.set(await put(service, `value ${n}`), `value ${n}`);
    return stored;
  };
  const unreadable = { code: 'secret_unreadable' };

  it('come back to their workspace alone, and are nowhere to be read in the database', async () => {
    const service = serviceWith(OLD);
    const id = await put(service, 'Bearer sk-live-4711');
    expect(await service.get(workspaces[0]!, id)).toBe('Bearer sk-live-4711');
    await expect(service.get(workspaces[1]!, id)).rejects.toThrow(/there is no secret/);
    const [row] = await database.query<{ text: string }>(`SELECT encode(ciphertext, 'escape') AS text FROM secrets`);
    expect(row!.text).not.toContain('4711');
    await db.transaction((tx) => service.delete(tx, workspaces[1]!, id));
    expect(await service.get(workspaces[0]!, id)).toBe('Bearer sk-live-4711');
    await db.transaction((tx) => service.delete(tx, workspaces[0]!, id));
    await expect(service.get(workspaces[0]!, id)).rejects.toThrow(/there is no secret/);
  });

  it('go with their workspace, and what owns them goes too', async () => {
    const workspace = randomUUID();
    await db.query("INSERT INTO workspaces (id, name) VALUES ($1, 'test')", [workspace]);
    const id = await put(serviceWith(OLD), 'value', workspace);
    await db.query(
      `INSERT INTO tool_databases (id, workspace_id, secret_id, name, host, schemas, max_rows, statement_timeout_ms)
       VALUES ($1, $2, $3, 'x', 'x', '{x}', 1, 1)`,
      [randomUUID(), workspace, id],
    );
    await db.query('DELETE FROM workspaces WHERE id = $1', [workspace]);
    expect(await db.query('SELECT id FROM secrets')).toEqual([]);
  });

  it('are unreadable in a row that was moved to another tenant, took the place of another, was changed, or lost its key', async () => {
    const service = serviceWith(OLD);
    const [moved, swapped, other, flipped] = [...(await fill(service, 4)).keys()] as [string, string, string, string];
    await db.query('UPDATE secrets SET workspace_id = $2 WHERE id = $1', [moved, workspaces[1]]);
    await expect(service.get(workspaces[1]!, moved)).rejects.toMatchObject(unreadable);
    await db.query('UPDATE secrets SET ciphertext = (SELECT ciphertext FROM secrets s WHERE s.id = $2) WHERE id = $1', [
      swapped,
      other,
    ]);
    await expect(service.get(workspaces[0]!, swapped)).rejects.toMatchObject(unreadable);
    await db.query(
      'UPDATE secrets SET ciphertext = set_byte(ciphertext, 14, get_byte(ciphertext, 14) # 1) WHERE id = $1',
      [flipped],
    );
    await expect(service.get(workspaces[0]!, flipped)).rejects.toMatchObject(unreadable);
    await expect(serviceWith(NEW).get(workspaces[0]!, other)).rejects.toMatchObject(unreadable);
    const { unreadable: named } = await service.check();
    expect(named.map(({ id }) => id).sort()).toEqual([moved, swapped, flipped].sort());
  });

  it('are encrypted anew under another key while they are read, written and deleted', async () => {
    const before = serviceWith(OLD);
    const stored = await fill(before, 250);
    const service = serviceWith(NEW, OLD);
    const ids = [...stored.keys()];
    const beside = async () => {
      for (const id of ids.slice(0, 40)) {
        await db.transaction((tx) => service.delete(tx, workspaces[0]!, id));
        stored.delete(id);
        stored.set(await put(service, `instead of ${id}`), `instead of ${id}`);
        expect(await service.get(workspaces[0]!, ids.at(-1)!)).toBe(stored.get(ids.at(-1)!));
      }
    };
    const [first, second] = await Promise.all([service.rotate(), serviceWith(NEW, OLD).rotate(), beside()]);
    expect([...first.unreadable, ...second.unreadable]).toEqual([]);
    expect(first.rotated + second.rotated).toBeGreaterThanOrEqual(210);
    const { keys, unreadable: lost } = await serviceWith(NEW).check();
    expect(keys).toMatchObject([{ secrets: stored.size, known: true }]);
    expect(lost).toEqual([]);
    for (const [id, value] of stored) expect(await serviceWith(NEW).get(workspaces[0]!, id)).toBe(value);
  });

  it('are encrypted anew by a second run when the first was killed in the middle', async () => {
    const stored = await fill(serviceWith(OLD), 250);
    const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
    const killed = await new DataSource({ ...dataSourceOptions(database.url), applicationName: 'killed' }).initialize();
    const held = await db.transaction(async (tx) => {
      // The second batch waits for this row; its connections end meanwhile, as those of a killed process do.
      await tx.query('SELECT FROM secrets WHERE id = $1 FOR UPDATE', [[...stored.keys()][150]]);
      const rotating = serviceWith(NEW, OLD, killed)
        .rotate()
        .catch((error: unknown) => error);
      const waiting = "SELECT pid FROM pg_stat_activity WHERE application_name = 'killed' AND wait_event_type = 'Lock'";
      await until(async () => (await database.query(waiting)).length > 0);
      await database.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'killed'");
      return rotating;
    });
    expect(held).toBeInstanceOf(Error);
    await killed.destroy();
    const service = serviceWith(NEW, OLD);
    expect((await service.check()).keys.map(({ secrets }) => secrets).sort()).toEqual([100, 150]);
    expect(await service.rotate()).toEqual({ rotated: 150, unreadable: [] });
    for (const [id, value] of stored) expect(await serviceWith(NEW).get(workspaces[0]!, id)).toBe(value);
  });

  it('that no key fits are told, and the others are encrypted anew all the same', async () => {
    const lost = await put(serviceWith('lost'.padEnd(40, '.')), 'gone');
    const kept = await put(serviceWith(OLD), 'kept');
    const service = serviceWith(NEW, OLD);
    expect(await service.rotate()).toEqual({ rotated: 1, unreadable: [lost] });
    expect(await serviceWith(NEW).get(workspaces[0]!, kept)).toBe('kept');
    expect((await service.check()).keys).toEqual(
      expect.arrayContaining([expect.objectContaining({ secrets: 1, known: false })]),
    );
  });
});
