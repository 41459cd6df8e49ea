/**
 * What rate limits cost a request, in microseconds: the windows and places a tier has, in memory and on a Redis of its own,
 * beside a bare PING and a plain counter on the same connection, one after the other and a hundred at a time. Machines
 * differ; the ratios are the result.
 * Usage: node bench/limits.mjs [--rounds 20000]
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const load = createRequire(import.meta.url);
const { memoryStore } = load('../dist/platform/store/memory-store.js');
const { redisStore } = load('../dist/platform/store/redis-store.js');
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20000' } } });
const ROUNDS = Number(values.rounds);
const TOGETHER = 100;

const MINUTE = { name: 'free:requests_per_minute', windowMs: 60_000, stepMs: 1 };
const DAY = { name: 'free:requests_per_day', windowMs: 86_400_000, stepMs: 300_000 };
const TOKENS = { name: 'free:tokens_per_minute', windowMs: 60_000, stepMs: 1_000 };
const ROOM = { limit: 1e12 };

/** What one request does, by name. `i` tells them apart. */
const STEPS = {
  'a plain counter': (store, i) => store.counters.hit(`bench${i % 100}`, 60_000),
  'requests: minute, day; tokens read': (store, i) =>
    store.windows.take(`w${i % 100}`, [
      { ...MINUTE, ...ROOM, amount: 1 },
      { ...DAY, ...ROOM, amount: 1 },
      { ...TOKENS, ...ROOM, amount: 0 },
    ]),
  'the same, refused': (store, i) =>
    store.windows.take(`full${i % 5}`, [
      { ...MINUTE, limit: 100, amount: 1 },
      { ...DAY, ...ROOM, amount: 1 },
      { ...TOKENS, ...ROOM, amount: 0 },
    ]),
  'tokens taken, and given back': async (store, i) => {
    const window = { ...TOKENS, ...ROOM };
    const { at } = await store.windows.take(`w${i % 100}`, [{ ...window, amount: 500 }]);
    await store.windows.giveBack(`w${i % 100}`, window, at, 400);
  },
  'a place taken, and let go': async (store, i) => {
    const slot = await store.slots.take(`w${i % 100}`, 'free', 1_000_000);
    slot.release();
  },
};

async function startRedis(dir) {
  const server = execFileSync(process.execPath, [join(import.meta.dirname, '../scripts/redis.mjs')], {
    encoding: 'utf8',
  }).trim();
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', dir];
  const child = spawn(server, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of child.stdout) if (String(line).includes('Ready to accept connections')) break;
  return { child, url: `redis://127.0.0.1:${port}` };
}

/** Microseconds each takes, `together` at a time. */
async function measure(step, together) {
  for (let i = 0; i < 500; i++) await step(i); // compiled by then
  const started = performance.now();
  for (let i = 0; i < ROUNDS; i += together) {
    if (together === 1) await step(i);
    else await Promise.all(Array.from({ length: together }, (_, j) => step(i + j)));
  }
  return ((performance.now() - started) * 1_000) / ROUNDS;
}

const dir = mkdtempSync(join(tmpdir(), 'parley-bench-'));
const { child, url } = await startRedis(dir);
const stores = { memory: memoryStore(), redis: redisStore(url) };
try {
  await stores.redis.ping().catch(() => new Promise((done) => setTimeout(done, 200)));
  const ping = { 1: await measure(() => stores.redis.ping(), 1), [TOGETHER]: 0 };
  ping[TOGETHER] = await measure(() => stores.redis.ping(), TOGETHER);
  console.log(`Redis PING: ${ping[1].toFixed(1)} µs alone, ${ping[TOGETHER].toFixed(1)} µs of ${TOGETHER} together`);
  const rows = [];
  for (const [name, step] of Object.entries(STEPS)) {
    const row = { step: name };
    for (const [driver, store] of Object.entries(stores)) {
      for (const together of [1, TOGETHER]) {
        const us = await measure((i) => step(store, i), together);
        row[`${driver} µs, ${together} at once`] = us.toFixed(1);
        if (driver === 'redis') row[`× PING, ${together} at once`] = (us / ping[together]).toFixed(1);
      }
    }
    rows.push(row);
  }
  console.table(rows);
} finally {
  await Promise.all(Object.values(stores).map((store) => store.close()));
  child.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}
