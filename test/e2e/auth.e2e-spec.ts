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
