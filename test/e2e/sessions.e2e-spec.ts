import { until } from '../support/until';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

const PASSWORD = 'correct horse battery';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('sessions', () => {
  let parley: TestParley;
  let anyone: TestUser;
  beforeAll(async () => {
    parley = await startParley();
    anyone = parley.anonymous();
  });
  afterAll(() => parley.stop());

  const login = (email: string, password = PASSWORD) => anyone.post('/v1/auth/login', { email, password });
  const refresh = (refresh_token: string) => anyone.post('/v1/auth/refresh', { refresh_token });
  const resetToken = async (email: string) => {
    const seen = parley.logs.length;
    await anyone.post('/v1/auth/password-reset', { email });
    const mine = `mail to ${email.toLowerCase()} `; // somebody else's may come late
    const mails = () => parley.logs.slice(seen).filter((line) => line.includes(mine));
    return until(() => mails().flatMap((line) => /token is ([\w-]{43})/.exec(line)?.[1] ?? [])[0]);
  };

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
});

describe('two processes on one database', () => {
  it('both refuse an access token once the password was changed at one of them', async () => {
    const env = { JWT_SECRET: 'the secret of both, longer than 32 characters' };
    const here = await startParley({ env });
    const there = await startParley({ env, database: here.database });
    try {
      const user = await here.user();
      const away = there.anonymous().with(user.headers);
      expect((await away.get('/v1/users/me')).status).toBe(200); // and is remembered there
      await user.post('/v1/users/me/password', { current_password: PASSWORD, new_password: 'a new password' });
      expect((await user.get('/v1/users/me')).status).toBe(401);
      await until(async () => (await away.get('/v1/users/me')).status === 401);
    } finally {
      await there.stop();
      await here.stop();
    }
  });
});
