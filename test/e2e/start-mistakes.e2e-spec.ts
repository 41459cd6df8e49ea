import { startParley } from '../support/parley';

/** A database nobody listens at: whoever looks for it says so. */
const AWAY = { DATABASE_URL: 'postgres://parley@127.0.0.1:1/parley' };

describe('a start', () => {
  it.each([
    ['routes: { smart: { targets: [{ model: nowhere/x }] } }', {}, /parley\.yaml:2: routes\.smart\.targets\.0\.model/],
    ['keys: { nowhere: [sk-x] }', {}, /parley\.yaml:2: keys\.nowhere/],
    ['', { DEFAULT_MODEL: 'nowhere/x' }, /DEFAULT_MODEL: There is no model 'nowhere\/x'/],
  ])('with what names nothing ends before the database is looked for: %s %j', async (yaml, env, told) => {
    await expect(startParley({ yaml, env: { ...env, ...AWAY } })).rejects.toThrow(told);
  });
});
