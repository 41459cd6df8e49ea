import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Config } from '../config/config.service';
import { serverKey } from './server-key';

describe('the key of access tokens', () => {
  let dataDir: string;
  beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'parley-key-'))));
  afterEach(() => rmSync(dataDir, { recursive: true }));
  const config = (more: NodeJS.ProcessEnv = {}) => Config.load({ DATA_DIR: dataDir, ...more });

  it('is JWT_SECRET when that is set, and nothing is written', () => {
    const secret = 'a secret of more than thirty-two characters';
    expect(
      serverKey(config({ JWT_SECRET: secret }))
        .export()
        .toString(),
    ).toBe(secret);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('is otherwise made once, kept for its owner alone, and the same for every later start', () => {
    const first = serverKey(config());
    expect(serverKey(config()).equals(first)).toBe(true);
    expect(readdirSync(dataDir)).toEqual(['jwt-secret']);
    expect(statSync(join(dataDir, 'jwt-secret')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dataDir, 'jwt-secret'), 'utf8').length).toBeGreaterThanOrEqual(64);
  });

  it('refuses a damaged file instead of signing with a weak key', () => {
    writeFileSync(join(dataDir, 'jwt-secret'), 'short');
    expect(() => serverKey(config())).toThrow(/jwt-secret/);
  });
});
