import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

const PASSWORD = 'correct horse battery';

describe('attempts', () => {
  let parley: TestParley;
  let anyone: TestUser;
  beforeEach(async () => {
    parley = await startParley({ yaml: 'throttle: { per_ip: 6, per_mail: 3 }' });
    anyone = parley.anonymous();
  });
  afterEach(() => parley.stop());

  const times = async (count: number, attempt: (i: number) => Promise<{ status: number }>) => {
    const statuses: number[] = [];
    for (let i = 0; i < count; i++) statuses.push((await attempt(i)).status);
    return statuses;
  };
  const login = (email: string) => anyone.post('/v1/auth/login', { email, password: 'wrong password' });

  it('on one account are limited alike whether it exists or not', async () => {
    const user = await parley.user();
    expect(await times(4, (i) => login(i % 2 ? user.email : ` ${user.email.toUpperCase()} `))).toEqual([
      401, 401, 401, 429,
    ]);
    await parley.kill9();
    parley = await startParley({ database: parley.database, yaml: 'throttle: { per_ip: 6, per_mail: 3 }' });
    anyone = parley.anonymous();
    expect(await times(4, () => login('nobody@example.com'))).toEqual([401, 401, 401, 429]);
    // Others are not concerned, nor is another route.
    expect((await login('somebody@example.com')).status).toBe(401);
    expect((await anyone.post('/v1/auth/password-reset', { email: 'nobody@example.com' })).status).toBe(202);
  });

  it('from one address are limited per route, in our shape', async () => {
    const first = await login('0@example.com');
    expect(first.headers.get('x-ratelimit-limit-requests')).toBe('6');
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('5');
    expect(first.headers.get('x-ratelimit-reset-requests')).toBe('1m0s');
    expect(await times(5, (i) => login(`${i + 1}@example.com`))).toEqual([401, 401, 401, 401, 401]);
    const { status, body, headers } = await login('7@example.com');
    expect(status).toBe(429);
    expect(body.error).toMatchObject({ type: 'rate_limit_error', code: 'rate_limit_exceeded' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(Number(headers.get('retry-after'))).toBeLessThanOrEqual(60);
    expect((await anyone.post('/v1/auth/refresh', { refresh_token: 'junk' })).status).toBe(401);
  });

  it('cover every route that takes a secret without credentials', async () => {
    const routes = [
      (i: number) => anyone.post('/v1/auth/register', { email: `r${i}@example.com`, password: PASSWORD }),
      () => anyone.post('/v1/auth/refresh', { refresh_token: 'junk' }),
      (i: number) => anyone.post('/v1/auth/password-reset', { email: `p${i}@example.com` }),
      () => anyone.post('/v1/auth/password-reset/confirm', { token: 'junk', password: PASSWORD }),
    ];
    for (const attempt of routes) {
      const statuses = await times(7, attempt);
      expect(statuses.slice(0, 6)).not.toContain(429);
      expect(statuses[6]).toBe(429);
    }
  });

  describe('from behind a proxy', () => {
    const behind = (forwarded: string) =>
      parley
        .anonymous()
        .post('/v1/auth/refresh', { refresh_token: 'junk' }, { headers: { 'x-forwarded-for': forwarded } });

    it('that nobody trusts are its own, whatever it says of others', async () => {
      expect(await times(7, (i) => behind(`203.0.113.${i}`))).toEqual([401, 401, 401, 401, 401, 401, 429]);
    });

    it('that is trusted are those of who is behind it, as far as it says so itself', async () => {
      await parley.stop();
      parley = await startParley({
        yaml: 'throttle: { per_ip: 3, per_mail: 3 }\nhttp: { trusted_proxies: [loopback] }',
      });
      expect(await times(6, (i) => behind(`203.0.113.${i}`))).toEqual(Array(6).fill(401));
      // What stands before the last address came from the client.
      expect(await times(4, (i) => behind(`203.0.113.${i}, 198.51.100.1`))).toEqual([401, 401, 401, 429]);
      // All of one IPv6 network are one.
      expect(await times(4, (i) => behind(`2001:db8::${i + 1}`))).toEqual([401, 401, 401, 429]);
    });
  });

  it('on the own password are limited per account, and nothing else is limited per address', async () => {
    const user = await parley.user();
    const guess = () =>
      user.post('/v1/users/me/password', { current_password: 'wrong password', new_password: 'a new password' });
    expect(await times(4, guess)).toEqual([400, 400, 400, 429]);
    expect(await times(20, () => user.get('/v1/users/me'))).toEqual(Array(20).fill(200));
  });
});
