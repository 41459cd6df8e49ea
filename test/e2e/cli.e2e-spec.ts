import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { childEnv } from '../support/child-env';
import { startParley, type TestParley } from '../support/parley';
import { until } from '../support/until';

/** Runs `parley …` to its end. */
async function cli(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [join(__dirname, '../../dist/cli.js'), ...args], {
    cwd: tmpdir(),
    env: { ...childEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, out, err };
}

describe('the command line', () => {
  let parley: TestParley;
  let dataDir: string;
  const run = (...args: string[]) => {
    const PARLEY_CONFIG = join(dataDir, 'parley.yaml');
    return cli({ DATABASE_URL: parley.database.url, DATA_DIR: dataDir, PARLEY_CONFIG }, ...args);
  };
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'parley-cli-'));
    chmodSync(dataDir, 0o755); // run by root, Postgres has a user of its own, who must reach it
    writeFileSync(join(dataDir, 'parley.yaml'), 'tiers: { gold: {} }');
    parley = await startParley();
  });
  afterAll(async () => {
    await parley.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('lists people and workspaces', async () => {
    const users = [await parley.user(), await parley.user()];
    const all = await run('users', 'list');
    expect([all.code, all.err]).toEqual([0, '']);
    expect(all.out.split('\n').filter(Boolean)).toEqual(users.map(({ id, email }) => `${id}  ${email}`));
    const one = await run('users', 'list', users[0]!.email.toUpperCase());
    expect(one.out.trim()).toBe(`${users[0]!.id}  ${users[0]!.email}`);
    expect((await run('workspaces', 'list')).out).toContain(`${users[1]!.workspaceId}  1 member`);
  });

  it('suspends and resumes, and the running service obeys', async () => {
    const user = await parley.user();
    const status = async () => (await user.get('/v1/users/me')).status;
    expect(await status()).toBe(200);
    expect(await run('users', 'suspend', user.email)).toEqual({
      code: 0,
      out: `${user.email} is suspended.\n`,
      err: '',
    });
    await until(async () => (await status()) === 403);
    expect((await run('users', 'list', user.email)).out).toMatch(/suspended$/m);
    expect((await run('users', 'resume', user.email)).code).toBe(0);
    await until(async () => (await status()) === 200);
    const log = await parley.database.query(
      'SELECT action, actor_id, ip FROM audit_log WHERE workspace_id IS NULL ORDER BY id',
    );
    expect(log).toEqual([
      { action: 'user.suspended', actor_id: null, ip: null },
      { action: 'user.resumed', actor_id: null, ip: null },
    ]);
  });

  it('encrypts secrets anew, and names those no key fits', async () => {
    const { workspaceId } = await parley.user();
    const id = randomUUID();
    expect(await run('secrets', 'check')).toMatchObject({ code: 0, out: 'All secrets can be decrypted.\n' });
    await parley.database.query(
      `INSERT INTO secrets (id, workspace_id, key_id, ciphertext) VALUES ($1, $2, 'lost', '\\x00')`,
      [id, workspaceId],
    );
    const check = await run('secrets', 'check');
    expect([check.code, check.err]).toEqual([1, 'error: no key fits 1 secrets\n']);
    expect(check.out).toBe(
      `1 under the key lost, which is not configured\n${id} (workspace ${workspaceId}) can't be decrypted.\n`,
    );
    expect(await run('secrets', 'rotate')).toMatchObject({
      code: 1,
      out: `0 secrets are encrypted anew.\n${id} can't be decrypted.\n`,
    });
  });

  it('suspends and resumes workspaces, which are found by their owners', async () => {
    const user = await parley.user();
    const status = async () => (await user.post('/v1/chat', { message: 'Hi', model: 'demo/echo' })).status;
    const [id] = (await run('workspaces', 'list', user.email)).out.split('  ');
    expect(id).toBe(user.workspaceId);
    expect((await run('workspaces', 'suspend', id!)).out).toMatch(/ is suspended\.$/m);
    await until(async () => (await status()) === 403);
    expect((await user.get('/v1/workspaces')).status).toBe(403);
    expect((await run('workspaces', 'resume', id!)).code).toBe(0);
    await until(async () => (await status()) === 200);
    const actions = await parley.database.query<{ action: string }>(
      'SELECT action FROM audit_log WHERE workspace_id = $1 ORDER BY id DESC LIMIT 2',
      [id],
    );
    expect(actions.map(({ action }) => action)).toEqual(['workspace.resumed', 'workspace.suspended']);
  });

  it('proves the ledger, and tells what disagrees', async () => {
    const user = await parley.user();
    const subject = { type: 'workspace', id: user.workspaceId };
    const { id } = (await user.put('/v1/budgets', { subject, period: 'day', limit_tokens: 10_000 })).body;
    expect((await user.post('/v1/chat', { message: 'Hi', model: 'demo/echo' })).status).toBe(200);
    await user.get('/v1/budgets'); // which waits for what was answered
    expect(await run('ledger', 'verify')).toEqual({ code: 0, out: '1 budgets agree with the ledger.\n', err: '' });
    await parley.database.query('UPDATE budgets SET reserved_tokens = reserved_tokens + 5');
    const { code, out, err } = await run('ledger', 'verify');
    expect([code, err]).toEqual([1, 'error: 1 of 1 budgets disagree with the ledger\n']);
    expect(out).toContain(id);
    expect(out).toMatch(/reserved 0\.0+ USD, 5 tokens; held 0 USD, 0 tokens/);
    await user.delete(`/v1/budgets/${id}`);
  });

  it('makes administrators, gives tiers, and resets passwords', async () => {
    const user = await parley.user();
    expect((await user.get('/v1/admin/users')).status).toBe(403);
    expect((await run('users', 'make-admin', user.email)).code).toBe(0);
    await until(async () => (await user.get('/v1/admin/users')).status === 200);
    const tier = async (...args: string[]) => {
      const { code } = await run('workspaces', 'tier', user.workspaceId, ...args);
      const [row] = await parley.database.query<{ tier: string | null }>('SELECT tier FROM workspaces WHERE id = $1', [
        user.workspaceId,
      ]);
      return [code, row!.tier];
    };
    expect(await tier('gold')).toEqual([0, 'gold']);
    expect(await tier('not a name')).toEqual([1, 'gold']);
    expect(await tier()).toEqual([0, null]);
    expect((await run('users', 'tier', user.email, 'gold')).out).toBe(`${user.email} has the tier gold.\n`);
    expect((await run('users', 'tier', user.email)).out).toBe(`${user.email} has no tier of their own.\n`);
    expect((await run('users', 'remove-admin', user.email)).code).toBe(0);
    await until(async () => (await user.get('/v1/admin/users')).status === 403);
    const { out } = await run('users', 'reset-password', user.email);
    const [newest] = await parley.database.query('SELECT action, target_id FROM audit_log ORDER BY id DESC LIMIT 1');
    expect(newest).toEqual({ action: 'user.password_reset_issued', target_id: user.id });
    const confirmation = { token: /[\w-]{43}/.exec(out)![0], password: 'a new password' };
    expect((await parley.anonymous().post('/v1/auth/password-reset/confirm', confirmation)).status).toBe(204);
  });

  it('says what is wrong in a sentence, and ends with 1', async () => {
    const mistakes: [string[], RegExp][] = [
      [['users', 'suspend', 'nobody@example.com'], /^There is no such user/],
      [['users', 'suspend'], /missing required argument 'email'/],
      [['users', 'frobnicate'], /unknown command 'frobnicate'/],
      [['frobnicate'], /unknown command 'frobnicate'/],
      [['workspaces', 'tier', 'junk', 'gold'], /^There is no such workspace/],
    ];
    const told = await Promise.all(mistakes.map(([args]) => run(...args)));
    told.forEach(({ code, err }, i) => {
      expect([mistakes[i]![0], code]).toEqual([mistakes[i]![0], 1]);
      expect(err).toMatch(mistakes[i]![1]);
      expect(err).not.toMatch(/^\s+at /m);
    });
    const away = await cli({ DATABASE_URL: 'postgres://x:y@127.0.0.1:1/z', DATA_DIR: dataDir }, 'users', 'list');
    expect([away.code, away.err]).toEqual([1, expect.stringMatching(/^DATABASE_URL: the database can't be used/)]);
  });

  it('explains itself', async () => {
    const [all, users] = [await run('--help'), await run('users')];
    expect([all.code, users.code]).toEqual([0, 0]);
    expect(all.out).toMatch(/users[\s\S]*workspaces/);
    for (const name of ['list', 'suspend', 'resume', 'make-admin', 'reset-password']) expect(users.out).toContain(name);
  });

  it('finds the embedded PostgreSQL of a running service, and runs it itself when none does', async () => {
    const own = { DATABASE_URL: '', DATA_DIR: dataDir };
    const none = await cli(own, 'users', 'list');
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/^There is no database in/)]);

    const service = await startParley({ env: own });
    const user = await service.user();
    try {
      const beside = await cli(own, 'users', 'suspend', user.email);
      expect([beside.code, beside.err]).toEqual([0, '']);
      await until(async () => (await user.get('/v1/users/me')).status === 403);
    } finally {
      await service.stop();
    }
    const alone = await cli(own, 'users', 'resume', user.email);
    expect([alone.code, alone.err]).toEqual([0, '']);
    // It stopped the server it started: nothing is in the way of the next start.
    const again = await startParley({ env: own });
    try {
      const login = { email: user.email, password: 'correct horse battery' };
      expect((await again.anonymous().post('/v1/auth/login', login)).status).toBe(200);
    } finally {
      await again.stop();
    }
  });
});
