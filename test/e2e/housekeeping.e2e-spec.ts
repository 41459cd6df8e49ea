import { createPostgresBackend, Queue, type QueueOptions } from 'bullmq';
import { freshDatabase, type TestDatabase } from '../support/database';
import { startParley, type TestParley } from '../support/parley';
import { TestRedis } from '../support/redis';
import { until } from '../support/until';

type QueuesModule = typeof import('../../src/platform/queue/queues');
const NAME: QueuesModule['AUTH_HOUSEKEEPING'] = 'auth-housekeeping';

interface Backend {
  env: Record<string, string>;
  /** The same queue, as an outsider sees it. */
  open(): Queue;
  stop(): Promise<void>;
}

const BACKENDS: Record<string, (database: TestDatabase) => Promise<Backend>> = {
  PostgreSQL: ({ url }) => {
    const connection = { connectionString: url } as QueueOptions['connection'];
    const open = () => new Queue(NAME, { connection }, createPostgresBackend as never);
    return Promise.resolve({ env: {}, open, stop: () => Promise.resolve() });
  },
  Redis: async () => {
    const redis = await TestRedis.start();
    const connection = { url: redis.url, maxRetriesPerRequest: null };
    const open = () => new Queue(NAME, { connection, prefix: 'parley:{queue}' });
    return { env: { REDIS_URL: redis.url }, open, stop: () => redis.stop() };
  },
};

describe.each(Object.entries(BACKENDS))('housekeeping with its jobs in %s', (_, start) => {
  let database: TestDatabase;
  let backend: Backend;
  let queue: Queue;
  let processes: TestParley[];
  beforeAll(async () => {
    database = await freshDatabase();
    await database.query('DROP SCHEMA bullmq CASCADE'); // made by whichever process is first
    backend = await start(database);
    processes = await Promise.all([1, 2].map(() => startParley({ database, env: backend.env })));
    queue = backend.open();
  });
  afterAll(async () => {
    await Promise.all(processes.map((parley) => parley.terminate()));
    await queue.close();
    await backend.stop();
    await database.drop();
  });

  const count = async (table: string) =>
    Number((await database.query<{ count: string }>(`SELECT count(*) FROM ${table}`))[0]!.count);

  it('deletes what has expired, in one run of one process, and keeps what is in use', async () => {
    const alice = await processes[0]!.user();
    await database.query(
      `WITH expired AS (
         INSERT INTO sessions (id, user_id, expires_at)
         SELECT gen_random_uuid(), $1, now() - interval '1 minute' FROM generate_series(1, 2500) RETURNING id, expires_at)
       INSERT INTO refresh_tokens (token_hash, session_id, expires_at)
       SELECT sha256(id::text::bytea), id, expires_at FROM expired`,
      [alice.id],
    );
    await database.query(
      `INSERT INTO refresh_tokens (token_hash, session_id, expires_at)
       SELECT sha256('old'), id, now() - interval '1 minute' FROM sessions WHERE expires_at > now()`,
    );
    await database.query(
      `INSERT INTO password_resets (token_hash, user_id, expires_at)
       VALUES (sha256('old'), $1, now() - interval '1 minute'), (sha256('new'), $1, now() + interval '1 minute')`,
      [alice.id],
    );

    await database.query(
      `INSERT INTO invitations (id, workspace_id, invited_by, email, role, token_hash, expires_at)
       VALUES (gen_random_uuid(), $1, $2, 'old@example.com', 'member', 'old', now() - interval '1 minute'),
         (gen_random_uuid(), $1, $2, 'new@example.com', 'member', 'new', now() + interval '1 minute')`,
      [alice.workspaceId, alice.id],
    );

    const [job] = await until(
      () => queue.getDelayed(),
      ({ length }) => length > 0,
    );
    expect([await queue.getDelayedCount(), await queue.getJobSchedulersCount()]).toEqual([1, 1]);
    await job!.promote();

    const [done] = await until(
      () => queue.getCompleted(),
      ({ length }) => length > 0,
    );
    expect(done!.returnvalue).toEqual({ sessions: 2500, refresh_tokens: 1, password_resets: 1, invitations: 1 });
    const left = ['sessions', 'refresh_tokens', 'password_resets', 'invitations'];
    expect(await Promise.all(left.map(count))).toEqual([1, 1, 1, 1]);
    const { status } = await processes[1]!.anonymous().post('/v1/auth/refresh', { refresh_token: alice.refreshToken });
    expect(status).toBe(200);
    // The next one waits for its hour.
    expect(await queue.getJobCounts('completed', 'failed', 'delayed', 'active', 'wait')).toEqual({
      completed: 1,
      failed: 0,
      delayed: 1,
      active: 0,
      wait: 0,
    });
    expect((await alice.get('/ready')).body.checks).toMatchObject({ queue: 'up' });
  });
});
