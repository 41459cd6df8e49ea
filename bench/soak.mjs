/**
 * Many streams at once for some minutes, with providers that fail in every way and clients that leave and come back; then
 * nothing may be lost, billed twice, cut or left behind. Two Parley processes with Redis where there is a redis-server on
 * the PATH (`--redis`: get one), else one. Exit code 1 on any violation.
 * Usage: npm run soak [-- --minutes 3 --streams 500 --redis]
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { ask, converse, dice } from './soak/clients.mjs';
import { figuresOf, start, stopAll } from './soak/processes.mjs';
import { startRedis } from './soak/redis.mjs';
import { call } from './soak/streams.mjs';
import { stored } from './soak/stored.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '3' },
    streams: { type: 'string', default: '500' },
    redis: { type: 'boolean', default: false },
  },
});
const runMs = Number(values.minutes) * 60_000;
const streams = Number(values.streams);
const WARM_UP_MS = 10_000;
/** Closed logs of streams and idle connections are kept for a minute. */
const QUIET_MS = 120_000;
/** More than a process may hold in the end than after its warm-up. */
const MORE = { heapMb: 15, externalMb: 15, timers: 5, files: 20 };

const counts = new Map();
const violations = new Map();
const soak = {
  count(what) {
    counts.set(what, (counts.get(what) ?? 0) + 1);
    return what;
  },
  violated(what) {
    const kind = what.replace(/[0-9a-f-]{36}|\d+/g, '#').slice(0, 80);
    violations.set(kind, [...(violations.get(kind) ?? []), what]);
  },
};
const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);

const dataDir = mkdtempSync(join(tmpdir(), 'parley-soak-'));
chmodSync(dataDir, 0o755); // run by root, Postgres has a user of its own, who must reach it
const load = createRequire(import.meta.url);
const { startEmbeddedPostgres } = load('../dist/platform/database/embedded/embedded-postgres.js');
const root = new URL('..', import.meta.url).pathname;

function startParley(upstream, redis) {
  const args = ['--expose-gc', '--require', join(root, 'bench/soak/figures.cjs'), join(root, 'dist/main.js')];
  const env = {
    DATABASE_URL: postgres.url,
    DATA_DIR: dataDir,
    HOST: '127.0.0.1',
    PORT: '0',
    JWT_SECRET,
    LOG_LEVEL: 'error',
    ...(redis ? { REDIS_URL: redis } : {}),
  };
  const base = `base_url: "http://127.0.0.1:${upstream.port}/v1", api_key: x`;
  writeFileSync(
    join(dataDir, 'parley.yaml'),
    `providers: [ { id: a, kind: openai-compatible, ${base} }, { id: b, kind: openai-compatible, ${base} } ]
timeouts: { first_token: 8s, idle: 8s, total: 30s }
retry: { base: 50ms, cap: 200ms }
breaker: { minimum: 1000000 }
`,
  );
  return start(process.execPath, args, env, /listens on http:\/\/localhost:(\d+)/, dataDir);
}

const JWT_SECRET = randomBytes(32).toString('hex');
const postgres = await startEmbeddedPostgres(dataDir, () => undefined);
const database = new pg.Client({ connectionString: postgres.url });

async function end(code) {
  await database.end().catch(() => undefined);
  await stopAll();
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
  process.exit(code);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void end(130));
setTimeout(
  () => {
    console.error('FAILED: it did not end in time');
    void end(1);
  },
  runMs + WARM_UP_MS + QUIET_MS + 120_000,
).unref();

/** Streams of both kinds for `ms`; then none is open any more, and nothing is owed. */
async function run(clients, count, ms) {
  const until = Date.now() + ms;
  const one = async (_, i) => {
    await sleep((i * Math.min(5_000, ms / 2)) / count);
    await (i % 2 ? converse : ask)({ ...clients, soak, roll: dice(2026 + i), until });
  };
  await Promise.all(Array.from({ length: count }, one));
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await sleep(500)) {
    const { rows } = await database.query(
      `SELECT (SELECT count(*) FROM call_leases) + (SELECT count(*) FROM messages WHERE status = 'running') AS left`,
    );
    if (rows[0].left === '0') return;
  }
}

try {
  const redis = await startRedis(dataDir, values.redis);
  const upstream = await start(process.execPath, ['bench/soak/upstream.mjs'], {}, /port (\d+)/);
  const parleys = [await startParley(upstream, redis)];
  if (redis) parleys.push(await startParley(upstream, redis));
  await database.connect();
  const urls = parleys.map(({ port }) => `http://127.0.0.1:${port}`);
  const person = { email: 'soak@example.com', password: 'a long password' };
  const { access_token: token } = await call('POST', `${urls[0]}/v1/auth/register`, null, person);
  const { key } = await call('POST', `${urls[0]}/v1/auth/api-keys`, token, { name: 'soak' });
  const clients = { urls, key };

  await run(clients, Math.min(streams, 100), WARM_UP_MS);
  const before = await Promise.all(parleys.map(figuresOf));
  say(
    `${parleys.length} processes ${redis ? 'with' : 'without'} Redis, ${streams} streams for ${values.minutes} minutes`,
  );
  await run(clients, streams, runMs);
  say(`ended: ${JSON.stringify(Object.fromEntries([...counts].sort()))}`);

  const seen = await call('GET', `http://127.0.0.1:${upstream.port}/seen`, null);
  if (seen.open > 0) soak.violated(`${seen.open} requests are still open at the provider`);
  say(`stored: ${JSON.stringify(await stored(database, seen.ids, soak))}`);

  const tooMuch = (now, i) => Object.keys(MORE).filter((name) => now[name] > before[i][name] + MORE[name]);
  let after = [];
  for (const deadline = Date.now() + QUIET_MS; ; await sleep(5_000)) {
    after = await Promise.all(parleys.map(figuresOf));
    if (after.every((now, i) => tooMuch(now, i).length === 0) || Date.now() > deadline) break;
  }
  for (const [i, now] of after.entries()) {
    say(
      `process ${i + 1}: ${Object.keys(now)
        .map((name) => `${name} ${before[i][name]} → ${now[name]}`)
        .join(', ')}`,
    );
    for (const name of tooMuch(now, i))
      soak.violated(`process ${i + 1} holds ${now[name]} ${name}, ${before[i][name]} before`);
  }
  const errors = parleys.flatMap(({ lines }) => lines.filter((line) => /"level":[56]0/.test(line)));
  for (const line of errors) soak.violated(`logged: ${line.slice(0, 600)}`);
} catch (error) {
  soak.violated(`the soak itself failed: ${error.stack}`);
}
for (const [, all] of violations) console.error(`FAILED ${all.length} ×: ${all[0]}`);
say(violations.size === 0 ? 'nothing lost, nothing left behind' : 'FAILED');
await end(violations.size === 0 ? 0 : 1);
