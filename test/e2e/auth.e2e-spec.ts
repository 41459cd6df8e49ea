import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

const PASSWORD = 'correct horse battery';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('accounts', () => {
  let parley: TestParley;
  let anyone: TestUser;
  beforeAll(async () => {
    parley = await startParley({ env: { JWT_SECRET: SECRET } });
    anyone = parley.anonymous();
  });
  afterAll(() => parley.stop());

  const login = (email: string, password = PASSWORD) => anyone.post('/v1/auth/login', { email, password });
  const refresh = (refresh_token: string) => anyone.post('/v1/auth/refresh', { refresh_token });
  const resetToken = async (email: string) => {
    const seen = parley.logs.length;
    await anyone.post('/v1/auth/password-reset', { email });
    const found = () => parley.logs.slice(seen).flatMap((line) => /token is ([\w-]{43})/.exec(line)?.[1] ?? [])[0];
    for (let tries = 0; tries < 100 && !found(); tries++) await new Promise((done) => setTimeout(done, 20));
    return found();
  };

  describe('registering', () => {
    it('makes an account with a personal workspace and signs in', async () => {
      const { status, body, headers } = await anyone.post('/v1/auth/register', {
        email: '  Ada@Example.com ',
        password: PASSWORD,
        name: 'Ada',
      });
      expect(status).toBe(201);
      expect(body).toMatchObject({
        user: { email: 'Ada@Example.com', name: 'Ada', is_admin: false },
        workspace: { name: "Ada's workspace", personal: true, role: 'owner' },
        token_type: 'bearer',
        expires_in: 1800,
      });
      expect(headers.get('cache-control')).toBe('no-store');
      const me = await anyone.with(bearer(body.access_token)).get('/v1/users/me');
      expect(me.body).toEqual(body.user);
      expect(JSON.stringify(body)).not.toMatch(/hash|argon/);
    });

    it('refuses an address that is taken, whatever its case', async () => {
      const { status, body } = await anyone.post('/v1/auth/register', { email: 'ADA@example.COM', password: PASSWORD });
      expect(status).toBe(409);
      expect(body.error).toMatchObject({ type: 'conflict_error', code: 'email_taken', param: 'email' });
    });

    it('lets exactly one of many registrations at once have the address', async () => {
      const attempts = Array.from({ length: 8 }, (_, i) =>
        anyone.post('/v1/auth/register', {
          email: i % 2 ? 'race@example.com' : 'Race@Example.com',
          password: PASSWORD,
        }),
      );
      const statuses = (await Promise.all(attempts)).map(({ status }) => status).sort();
      expect(statuses).toEqual([201, ...Array<number>(7).fill(409)]);
      const rows = await parley.database.query(
        `SELECT m.role FROM users u JOIN workspaces w ON w.personal_of = u.id JOIN memberships m ON m.workspace_id = w.id
         WHERE lower(u.email) = 'race@example.com'`,
      );
      expect(rows).toEqual([{ role: 'owner' }]);
    });

    it.each([
      [{ email: 'not an address', password: PASSWORD }, 'email'],
      [{ email: 'a@example.com', password: 'short' }, 'password'],
      [{ email: 'a@example.com', password: 'x'.repeat(257) }, 'password'],
      [{ email: 'a@example.com', password: { length: 20 } }, 'password'],
      [{ email: 'a@example.com', password: PASSWORD, is_admin: true }, 'is_admin'],
      [{ email: 'a@example.com', password: PASSWORD, name: 'n'.repeat(101) }, 'name'],
      [{ password: PASSWORD }, 'email'],
    ])('refuses %j, naming the field', async (body, param) => {
      const answer = await anyone.post('/v1/auth/register', body);
      expect(answer.status).toBe(400);
      expect(answer.body.error).toMatchObject({ code: 'validation_failed', param });
    });

    it('counts characters of a password as people do', async () => {
      const password = '\u{1f511}'.repeat(256);
      const answer = await anyone.post('/v1/auth/register', { email: 'emoji@example.com', password });
      expect(answer.status).toBe(201);
      expect((await login('emoji@example.com', password)).status).toBe(200);
      const seven = await anyone.post('/v1/auth/register', {
        email: 'e7@example.com',
        password: '\u{1f511}'.repeat(7),
      });
      expect(seven.status).toBe(400);
    });
  });

  describe('logging in', () => {
    it('takes JSON, and the form of the OAuth2 password grant', async () => {
      const user = await parley.user();
      expect((await login(user.email.toUpperCase())).body).toMatchObject({ token_type: 'bearer', expires_in: 1800 });
      const form = await anyone.post(
        '/v1/auth/login',
        new URLSearchParams({ grant_type: 'password', username: user.email, password: PASSWORD, scope: '' }).toString(),
        { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      );
      expect(form.status).toBe(200);
      expect((await anyone.with(bearer(form.body.access_token)).get('/v1/users/me')).body.id).toBe(user.id);
    });

    it('answers alike for an unknown address and a wrong password', async () => {
      const user = await parley.user();
      const [wrong, unknown] = [await login(user.email, 'wrong password'), await login('nobody@example.com')];
      for (const { status, body } of [wrong, unknown]) {
        expect(status).toBe(401);
        expect(body.error).toMatchObject({ type: 'authentication_error', code: 'invalid_credentials' });
      }
      expect({ ...wrong.body.error, request_id: '' }).toEqual({ ...unknown.body.error, request_id: '' });
    });

    it.each([{}, { email: 'a@example.com' }, { password: PASSWORD }, { email: ['a'], password: PASSWORD }])(
      'refuses %j',
      async (body) => {
        expect((await anyone.post('/v1/auth/login', body)).status).toBe(400);
      },
    );
  });

  describe('access tokens', () => {
    it.each([
      ['none at all', {}, 'missing_credentials'],
      ['an empty bearer', { authorization: 'Bearer ' }, 'missing_credentials'],
      ['SQL', { authorization: "Bearer ' OR '1'='1" }, 'invalid_token'],
      ['another scheme', { authorization: 'Basic YTpi' }, 'invalid_token'],
      ['junk', { authorization: 'Bearer junk' }, 'invalid_token'],
      ['dots', { authorization: 'Bearer ..' }, 'invalid_token'],
      ['12 KB of junk', { authorization: `Bearer ${'a'.repeat(12_000)}` }, 'invalid_token'],
      ['no letters', { authorization: 'Bearer \u00e9\u00fc' }, 'invalid_token'],
    ])('refuses %s', async (_, headers, code) => {
      const { status, body } = await anyone.get('/v1/users/me', { headers });
      expect(status).toBe(401);
      expect(body.error).toMatchObject({ type: 'authentication_error', code });
    });

    it('refuses forged ones', async () => {
      const { token } = await parley.user();
      const [header = '', claims = '', signature = ''] = token.split('.');
      const said = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>;
      const forgeries = [
        `${encode({ alg: 'none', typ: 'JWT' })}.${claims}.`,
        `${encode({ alg: 'none', typ: 'JWT' })}.${claims}.${signature}`,
        `${header}.${claims}.${signature.slice(0, -2)}AA`,
        `${header}.${claims}`,
        signed(said, { secret: 'another secret of more than thirty-two characters' }),
        signed(said, { alg: 'HS512' }),
        signed({ ...said, iss: 'someone-else' }),
        signed({ ...said, sub: "' OR '1'='1" }),
        signed({ ...said, ver: 1 }),
        signed({ ...said, ver: null }),
        signed({ ...said, sub: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11' }),
      ];
      for (const forgery of forgeries) {
        const { status, body } = await anyone.with(bearer(forgery)).get('/v1/users/me');
        expect([status, body.error?.code, forgery]).toEqual([401, 'invalid_token', forgery]);
      }
      expect((await anyone.with(bearer(signed(said))).get('/v1/users/me')).status).toBe(200);
      const late = signed({ ...said, exp: Math.floor(Date.now() / 1000) - 1 });
      expect((await anyone.with(bearer(late)).get('/v1/users/me')).body.error.code).toBe('token_expired');
    });

    it('refuses more than one Authorization header', async () => {
      const { token } = await parley.user();
      const answer = await raw(parley, [`Authorization: Bearer ${token}`, `Authorization: Bearer ${token}`]);
      expect(answer).toMatch(/^HTTP\/1.1 401 .*invalid_token/s);
    });

    it('are not looked at where none are needed', async () => {
      const answer = await anyone.post(
        '/v1/auth/login',
        { email: 'nobody@example.com', password: PASSWORD },
        {
          headers: { authorization: 'Bearer junk' },
        },
      );
      expect(answer.body.error.code).toBe('invalid_credentials');
      expect((await anyone.get('/health', { headers: { authorization: 'Bearer junk' } })).status).toBe(200);
    });
  });

  describe('refreshing', () => {
    it('exchanges a refresh token for a new pair', async () => {
      const user = await parley.user();
      const { status, body } = await refresh(user.refreshToken);
      expect(status).toBe(200);
      expect(body.refresh_token).not.toBe(user.refreshToken);
      expect((await anyone.with(bearer(body.access_token)).get('/v1/users/me')).body.id).toBe(user.id);
      expect((await refresh(body.refresh_token)).status).toBe(200);
    });

    it('ends the whole session when an old one comes back', async () => {
      const user = await parley.user();
      const first = (await refresh(user.refreshToken)).body.refresh_token as string;
      const second = (await refresh(first)).body.refresh_token as string;
      const reused = await refresh(user.refreshToken);
      expect([reused.status, reused.body.error.code]).toEqual([401, 'invalid_refresh_token']);
      expect((await refresh(second)).status).toBe(401);
    });

    it('leaves other sessions of the same person alone', async () => {
      const user = await parley.user();
      const other = (await login(user.email)).body.refresh_token as string;
      await refresh(user.refreshToken);
      await refresh(user.refreshToken);
      expect((await refresh(other)).status).toBe(200);
    });

    it('lets exactly one of many exchanges at once win, time after time', async () => {
      for (let round = 0; round < 5; round++) {
        const { refreshToken } = await parley.user();
        const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(refreshToken)));
        expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401, 401]);
        // The others were a reuse: the session is over.
        const winner = answers.find(({ status }) => status === 200)?.body.refresh_token as string;
        expect((await refresh(winner)).status).toBe(401);
      }
      expect(await parley.database.query(`SELECT 1 FROM pg_stat_database WHERE deadlocks > 0`)).toEqual([]);
    });

    it('refuses an expired one, and keeps only hashes', async () => {
      const user = await parley.user();
      await parley.database.query(`UPDATE sessions SET expires_at = now() - interval '1 s' WHERE user_id = $1`, [
        user.id,
      ]);
      expect((await refresh(user.refreshToken)).status).toBe(401);
      await login(user.email);
      const sessions = await parley.database.query('SELECT id FROM sessions WHERE user_id = $1', [user.id]);
      expect(sessions).toHaveLength(1); // the login swept the expired one
      const tokens = await parley.database.query<{ token_hash: Buffer }>('SELECT token_hash FROM refresh_tokens');
      expect(tokens.every(({ token_hash }) => token_hash.length === 32)).toBe(true);
    });

    it.each(['junk', "' OR '1'='1", 'a'.repeat(512)])('refuses the junk %p', async (junk) => {
      expect((await refresh(junk)).body.error.code).toBe('invalid_refresh_token');
    });
  });

  describe('logging out', () => {
    it('ends the session, needs credentials, and touches no one else', async () => {
      const [alice, bob] = [await parley.user(), await parley.user()];
      expect((await anyone.post('/v1/auth/logout', { refresh_token: alice.refreshToken })).status).toBe(401);
      expect((await bob.post('/v1/auth/logout', { refresh_token: alice.refreshToken })).status).toBe(204);
      const { body } = await refresh(alice.refreshToken);
      expect((await alice.post('/v1/auth/logout', { refresh_token: body.refresh_token })).status).toBe(204);
      expect((await refresh(body.refresh_token)).status).toBe(401);
      expect((await alice.post('/v1/auth/logout', { refresh_token: body.refresh_token })).status).toBe(204);
    });
  });

  describe('changing the password', () => {
    it('ends every session and access token, and begins a new one', async () => {
      const user = await parley.user();
      const elsewhere = (await login(user.email)).body;
      const key = await user.apiKey();
      const changed = await user.post('/v1/users/me/password', {
        current_password: PASSWORD,
        new_password: 'a new password',
      });
      expect(changed.status).toBe(200);
      expect((await anyone.with(bearer(changed.body.access_token)).get('/v1/users/me')).status).toBe(200);
      expect((await user.get('/v1/users/me')).body.error.code).toBe('invalid_token');
      expect((await anyone.with(bearer(elsewhere.access_token)).get('/v1/users/me')).status).toBe(401);
      expect((await refresh(elsewhere.refresh_token)).status).toBe(401);
      expect((await refresh(user.refreshToken)).status).toBe(401);
      expect((await login(user.email)).status).toBe(401);
      expect((await login(user.email, 'a new password')).status).toBe(200);
      expect((await anyone.with({ 'x-api-key': key }).get('/v1/users/me')).status).toBe(200);
    });

    it('needs the current one', async () => {
      const user = await parley.user();
      const { status, body } = await user.post('/v1/users/me/password', {
        current_password: 'wrong password',
        new_password: 'a new password',
      });
      expect([status, body.error.code]).toEqual([400, 'wrong_password']);
      expect((await login(user.email)).status).toBe(200);
    });

    it('happens once when asked for twice at once', async () => {
      const user = await parley.user();
      const change = (new_password: string) =>
        user.post('/v1/users/me/password', { current_password: PASSWORD, new_password });
      const statuses = (await Promise.all([change('first password'), change('second password')])).map((a) => a.status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    });
  });

  describe('resetting a password', () => {
    it('answers the same whether or not there is such an account', async () => {
      const user = await parley.user();
      const [known, unknown] = [
        await anyone.post('/v1/auth/password-reset', { email: user.email }),
        await anyone.post('/v1/auth/password-reset', { email: 'nobody@example.com' }),
      ];
      expect(known.status).toBe(202);
      expect(unknown.status).toBe(202);
      expect(known.body).toEqual(unknown.body);
    });

    it('sets a new password once, by the token in the log, and ends what the old one began', async () => {
      const user = await parley.user();
      const token = await resetToken(user.email.toUpperCase());
      const confirm = (password: string) => anyone.post('/v1/auth/password-reset/confirm', { token, password });
      expect((await confirm('short')).status).toBe(400);
      expect((await confirm('a new password')).status).toBe(204);
      expect((await login(user.email, 'a new password')).status).toBe(200);
      expect((await login(user.email)).status).toBe(401);
      expect((await user.get('/v1/users/me')).status).toBe(401);
      expect((await refresh(user.refreshToken)).status).toBe(401);
      const again = await confirm('another password');
      expect([again.status, again.body.error.code]).toEqual([400, 'invalid_reset_token']);
    });

    it('uses a token once when it comes twice at once, and forgets the others of that person', async () => {
      const user = await parley.user();
      const tokens = [await resetToken(user.email), await resetToken(user.email)];
      const confirmations = [0, 0, 1, 1].map((i) =>
        anyone.post('/v1/auth/password-reset/confirm', { token: tokens[i], password: 'a new password' }),
      );
      const statuses = (await Promise.all(confirmations)).map(({ status }) => status).sort();
      expect(statuses).toEqual([204, 400, 400, 400]);
    });

    it('refuses an expired token', async () => {
      const user = await parley.user();
      const token = await resetToken(user.email);
      await parley.database.query(`UPDATE password_resets SET expires_at = now() WHERE user_id = $1`, [user.id]);
      const { body } = await anyone.post('/v1/auth/password-reset/confirm', { token, password: 'a new password' });
      expect(body.error.code).toBe('invalid_reset_token');
    });
  });

  describe('the own account', () => {
    it('can be renamed and not otherwise changed', async () => {
      const user = await parley.user();
      expect((await user.patch('/v1/users/me', { name: '  Grace ' })).body).toMatchObject({
        id: user.id,
        name: 'Grace',
      });
      expect((await user.patch('/v1/users/me', { name: null })).body.name).toBeNull();
      expect((await user.patch('/v1/users/me', { email: 'other@example.com' })).body.error.param).toBe('email');
      expect((await user.patch('/v1/users/me', { is_admin: true })).status).toBe(400);
      expect((await user.patch('/v1/users/me', { name: ' ' })).status).toBe(400);
    });
  });
});

describe('two processes on one database', () => {
  it('both refuse an access token once the password was changed at one of them', async () => {
    const env = { JWT_SECRET: SECRET };
    const here = await startParley({ env });
    const there = await startParley({ env, database: here.database });
    try {
      const user = await here.user();
      const away = there.anonymous().with(user.headers);
      expect((await away.get('/v1/users/me')).status).toBe(200); // and is remembered there
      await user.post('/v1/users/me/password', { current_password: PASSWORD, new_password: 'a new password' });
      expect((await user.get('/v1/users/me')).status).toBe(401);
      await expect(soon(async () => (await away.get('/v1/users/me')).status, 401)).resolves.toBeLessThan(1000);
    } finally {
      await there.stop();
      await here.stop();
    }
  });
});

describe('an installation with an administrator', () => {
  const ADMIN = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'the admin password' };

  it('makes the account once, however many processes start, and lets nobody else register', async () => {
    const first = await startParley();
    const { database } = first;
    const env = { ...ADMIN, REGISTRATION: 'closed' };
    const others = await Promise.all([startParley({ database, env }), startParley({ database, env })]);
    try {
      const anyone = others[0].anonymous();
      const login = await anyone.post('/v1/auth/login', { email: 'ROOT@example.com', password: 'the admin password' });
      const me = await anyone.with(bearer(login.body.access_token)).get('/v1/users/me');
      expect(me.body).toMatchObject({ email: 'root@example.com', is_admin: true });
      const refused = await anyone.post('/v1/auth/register', { email: 'new@example.com', password: PASSWORD });
      expect([refused.status, refused.body.error.code]).toEqual([403, 'registration_closed']);
      expect(await database.query('SELECT 1 FROM users')).toHaveLength(1);
    } finally {
      for (const other of others) await other.stop();
      await first.stop();
    }
  });

  it('never makes an administrator of whoever registers the address', async () => {
    const parley = await startParley({ env: { ADMIN_EMAIL: ADMIN.ADMIN_EMAIL } });
    const { database } = parley;
    const squat = { email: 'Root@example.com', password: PASSWORD };
    const refused = await parley.anonymous().post('/v1/auth/register', squat);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'email_taken']);
    expect(await database.query('SELECT 1 FROM users')).toEqual([]);
    await parley.kill9();

    const before = await startParley({ database });
    expect((await before.anonymous().post('/v1/auth/register', squat)).status).toBe(201);
    await before.kill9();
    const suspicious = await startParley({ database, env: ADMIN });
    expect(await database.query('SELECT is_admin FROM users')).toEqual([{ is_admin: false }]);
    await suspicious.kill9();
    const named = await startParley({ database, env: { ADMIN_EMAIL: ADMIN.ADMIN_EMAIL } });
    expect(await database.query('SELECT is_admin FROM users')).toEqual([{ is_admin: true }]);
    await named.stop();
    await parley.stop();
  });
});

/** Milliseconds until `ask` answers `wanted`. */
async function soon(ask: () => Promise<number>, wanted: number): Promise<number> {
  const started = performance.now();
  while ((await ask()) !== wanted) if (performance.now() - started > 5000) return Infinity;
  return performance.now() - started;
}

const SECRET = 'the secret of these tests, longer than 32 characters';
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token made by someone who knows the secret, or thinks so. */
function signed(claims: object, { secret = SECRET, alg = 'HS256' } = {}): string {
  const text = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${createHmac(alg.replace('HS', 'sha'), secret).update(text).digest('base64url')}`;
}

/** `fetch` can't send a header twice. */
function raw({ url }: TestParley, headers: string[]): Promise<string> {
  return new Promise((done, failed) => {
    let answer = '';
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.end(['GET /v1/users/me HTTP/1.1', 'Host: parley', 'Connection: close', ...headers, '', ''].join('\r\n')),
    );
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => done(answer)).on('error', failed);
  });
}
