import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, loadEnv } from './env';
import { loadYaml } from './parley-yaml';

describe('the environment', () => {
  it('needs nothing', () => {
    expect(loadEnv({})).toMatchObject({
      PORT: 3000,
      DATA_DIR: './.data',
      DEFAULT_MODEL: 'demo/echo',
      REGISTRATION: 'open',
    });
  });

  it('takes an empty value for none, as compose files leave them', () => {
    expect(loadEnv({ PORT: '', OPENAI_API_KEY: '' })).toMatchObject({ PORT: 3000 });
  });

  it.each([
    ['PORT', 'abc'],
    ['PORT', '70000'],
    ['DATABASE_URL', 'mysql://x'],
    ['REDIS_URL', 'localhost:6379'],
    ['JWT_SECRET', 'short'],
    ['ENCRYPTION_KEY', 'short'],
    ['ENCRYPTION_KEY', `a comma, ${'x'.repeat(32)}`],
    ['ENCRYPTION_KEY_PREVIOUS', `${'x'.repeat(32)},short`],
    ['LOG_LEVEL', 'loud'],
    ['REGISTRATION', 'maybe'],
    ['ADMIN_EMAIL', 'nobody'],
    ['CORS_ORIGINS', 'example.com'],
    ['OPENAI_BASE_URL', 'ftp://x'],
  ])('stops the start for %s=%s with one sentence naming it', (name, value) => {
    expect(() => loadEnv({ [name]: value })).toThrow(new RegExp(`^${name}: .+`));
  });

  it('demands a secret in production', () => {
    expect(() => loadEnv({ NODE_ENV: 'production' })).toThrow(/JWT_SECRET/);
    expect(() => loadEnv({ NODE_ENV: 'production', JWT_SECRET: 'x'.repeat(32) })).not.toThrow();
  });

  it('demands the mail to a password', () => {
    expect(() => loadEnv({ ADMIN_PASSWORD: 'long enough' })).toThrow(ConfigError);
  });
});

describe('parley.yaml', () => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-config-'));
  const file = join(dir, 'parley.yaml');
  afterAll(() => rmSync(dir, { recursive: true }));
  const load = (text: string, environment: NodeJS.ProcessEnv = {}) => {
    writeFileSync(file, text);
    return loadYaml(file, environment).values;
  };

  it('may be absent or empty', () => {
    expect(loadYaml(undefined, {}).values).toMatchObject({ providers: [], models: [], demo: true });
    expect(load('')).toMatchObject({ http: { body_limit: 20 * 1024 * 1024 } });
  });

  it('takes $NAME from the environment', () => {
    const text =
      'providers:\n  - { id: vllm, kind: openai-compatible, base_url: http://127.0.0.1:1/v1, api_key: $KEY }\n';
    expect(load(text, { KEY: 'abc' }).providers).toMatchObject([{ api_key: 'abc' }]);
    expect(() => load(text)).toThrow(/parley\.yaml:2: the environment variable KEY is not set/);
  });

  it.each([
    ['an unknown section', 'demo: true\nrootes: {}\n', 2, 'rootes'],
    ['a wrong type', 'demo: maybe\n', 1, 'demo'],
    [
      'a wrong value deep inside',
      'models:\n  - id: openai/x\n    price: { input_per_mtok: "-1", output_per_mtok: "2" }\n',
      3,
      'input_per_mtok',
    ],
    [
      'a price with too many decimals',
      'models:\n  - id: a/x\n    price: { input_per_mtok: 0.0000001, output_per_mtok: 1 }\n',
      3,
      'input_per_mtok',
    ],
    ...['1000000', '"1000000"', '.nan', '.inf', '1e21', '""'].map((price): [string, string, number, string] => [
      `the price ${price}`,
      `models:\n  - id: a/x\n    price: { input_per_mtok: ${price}, output_per_mtok: 1 }\n`,
      3,
      'input_per_mtok',
    ]),
    [
      'two of one name',
      'providers:\n  - &p { id: x, kind: openai-compatible, base_url: "http://x" }\n  - *p\n',
      2,
      'two providers',
    ],
    [
      'a built-in name',
      'providers:\n  - { id: openai, kind: openai-compatible, base_url: "http://x" }\n',
      2,
      'built-in',
    ],
    ['a limit of nothing', 'tiers:\n  free: { requests_per_minute: 0 }\n', 2, 'tiers.free.requests_per_minute'],
    ['a negative limit', 'tiers:\n  free:\n    concurrent: -1\n', 3, 'tiers.free.concurrent'],
    ['half a document', 'tiers:\n  free:\n    max_documents: 0.5\n', 3, 'tiers.free.max_documents'],
    ['uploads of nothing', 'tiers:\n  free: { max_upload: 0mb }\n', 2, 'tiers.free.max_upload'],
    ['a limit nobody knows', 'tiers:\n  free:\n    requests_per_hour: 1\n', 3, 'requests_per_hour'],
    ['a default that is no tier', 'tiers: { free: {} }\ndefault_tier: gold\n', 2, 'default_tier: .*tiers'],
    ['a default without tiers', 'default_tier: constructor\n', 1, 'default_tier'],
    ['broken YAML', 'demo: [\nx: 1\n', 2, ''],
  ])('stops the start for %s with file and line', (_, text, line, names) => {
    expect(() => load(text)).toThrow(new RegExp(`parley\\.yaml:${line}: .*${names}`));
  });

  it('takes tiers, with what they do not limit left out', () => {
    const { tiers, default_tier } = load(
      'tiers:\n  free: { requests_per_minute: 20, max_upload: 20mb }\n  pro: {}\ndefault_tier: free\n',
    );
    expect(tiers).toEqual({ free: { requests_per_minute: 20, max_upload: 20 * 1024 * 1024 }, pro: {} });
    expect(default_tier).toBe('free');
    expect(load('')).toMatchObject({ tiers: {} });
  });

  it('says that a named file does not exist', () => {
    expect(() => loadYaml(join(dir, 'nope.yaml'), {})).toThrow(/PARLEY_CONFIG: there is no file/);
  });
});
