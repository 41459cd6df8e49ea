import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Config } from '../config/config.service';
import { KeyRing } from './key-ring';

const [NEW, OLD, OLDER] = ['new', 'old', 'older'].map((name) => name.padEnd(32, '.')) as [string, string, string];

describe('the keys of what is encrypted at rest', () => {
  let dataDir: string;
  beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'parley-keys-'))));
  afterEach(() => rmSync(dataDir, { recursive: true }));
  const ring = (more: NodeJS.ProcessEnv = {}) => new KeyRing(Config.load({ DATA_DIR: dataDir, ...more }));

  it('are ENCRYPTION_KEY to seal with, and those before it to open with; nothing is written', () => {
    const keys = ring({ ENCRYPTION_KEY: NEW, ENCRYPTION_KEY_PREVIOUS: `${OLD}, ${OLDER}` });
    for (const text of [NEW, OLD, OLDER]) {
      const { current } = ring({ ENCRYPTION_KEY: text });
      expect(keys.find(current!.id)?.id).toBe(current!.id);
    }
    expect(keys.current?.id).toBe(ring({ ENCRYPTION_KEY: NEW }).current?.id);
    expect(keys.find('0123456789abcdef')).toBeNull();
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it('are otherwise one that is made once, kept for its owner alone, and opens what it sealed after a key is set', () => {
    const { id } = ring().current!;
    expect(ring().current!.id).toBe(id);
    expect(statSync(join(dataDir, 'encryption-key')).mode & 0o777).toBe(0o600);
    const later = ring({ ENCRYPTION_KEY: NEW });
    expect(later.current!.id).not.toBe(id);
    expect(later.find(id)?.id).toBe(id);
  });

  it('are none to seal with in production until ENCRYPTION_KEY is set', () => {
    const production = { NODE_ENV: 'production', JWT_SECRET: OLD };
    expect(ring(production).current).toBeNull();
    expect(readdirSync(dataDir)).toEqual([]);
    expect(ring({ ...production, ENCRYPTION_KEY: NEW }).current).not.toBeNull();
  });
});
