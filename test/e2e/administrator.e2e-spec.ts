import { startParley } from '../support/parley';

const PASSWORD = 'correct horse battery';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

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
