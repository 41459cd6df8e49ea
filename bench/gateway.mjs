/**
 * What Parley costs: `/v1/chat/completions` with authentication, limits, lease and usage row, without and with a budget
 * that all calls share, and with all of these off; and streams of stored conversations with and without their log in
 * Redis; beside a bare Nest pass-through, the fake upstream alone and, where it is installed, Portkey's gateway, all in
 * one run. Machines differ; the ratios are the result. All processes are up all the time.
 * Usage: npm run bench [-- --seconds 8 --rounds 3 --connections 32 --streams 500 --chunks 200 --portkey DIR]
 * DIR is where Portkey's gateway was installed: npm install --prefix DIR @portkey-ai/gateway@1.15.2
 */
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { openStreams } from './streams.mjs';

const load = createRequire(import.meta.url);
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '32' },
    streams: { type: 'string', default: '500' },
    chunks: { type: 'string', default: '200' },
    portkey: { type: 'string' },
  },
});
const root = new URL('..', import.meta.url).pathname;
const children = [];

/** Starts a process and resolves with what its output says after `pattern`. */
function start(name, args, env, pattern) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => {
      const found = pattern.exec(String(text));
      if (found) resolve({ pid: child.pid, port: found[1] });
    });
    child.once('exit', (code) => reject(new Error(`${name} exited with ${code}`)));
  });
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  await new Promise((done) => probe.close(done));
  return port;
}

/** A Redis that keeps nothing, on a free port. */
async function startRedis() {
  const server = execFileSync(process.execPath, ['scripts/redis.mjs'], { cwd: root, encoding: 'utf8' }).trim();
  const port = await freePort();
  const args = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', dataDir];
  const child = spawn(server, args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  for await (const line of child.stdout) if (String(line).includes('Ready to accept connections')) break;
  return { pid: child.pid, port };
}

/** It says nothing of its port when it is told one, and is there when it answers. */
async function startPortkey(upstream) {
  const port = await freePort();
  const entry = join(resolve(values.portkey), 'node_modules/@portkey-ai/gateway/build/start-server.js');
  const { pid } = await start('portkey', [entry, `--port=${port}`, '--headless'], {}, /(.)/);
  const headers = { 'x-portkey-provider': 'openai', 'x-portkey-custom-host': upstream };
  const url = `http://127.0.0.1:${port}/v1/chat/completions`;
  return { name: 'Portkey', pid, url, model: 'gpt-4o-mini', headers };
}

/** CPU seconds a process has used (Linux). */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

const dataDir = mkdtempSync(join(tmpdir(), 'parley-bench-'));
chmodSync(dataDir, 0o755); // run by root, Postgres has a user of its own, who must reach it
const { startEmbeddedPostgres } = load('../dist/platform/database/embedded/embedded-postgres.js');
const configFile = join(dataDir, 'parley.yaml');
const LIMITS = { requests_per_minute: 1e9, requests_per_day: 1e9, tokens_per_minute: 1e12, concurrent: 10_000 };
writeFileSync(configFile, JSON.stringify({ tiers: { bench: LIMITS }, default_tier: 'bench' })); // YAML understands JSON
const postgres = await startEmbeddedPostgres(dataDir, () => undefined);
try {
  const upstream = await start('upstream', ['bench/upstream.mjs'], {}, /port (\d+)/);
  const base = `http://127.0.0.1:${upstream.port}/v1`;
  const bare = await start('passthrough', ['bench/passthrough.mjs', base], {}, /port (\d+)/);
  const startParley = (env, entry = 'dist/main.js') =>
    start(
      'parley',
      [entry],
      {
        DATABASE_URL: postgres.url,
        DATA_DIR: dataDir,
        HOST: '127.0.0.1',
        PORT: '0',
        OPENAI_API_KEY: 'bench',
        OPENAI_BASE_URL: base,
        PARLEY_CONFIG: configFile,
        LOG_LEVEL: 'warn',
        ...env,
      },
      /listens on http:\/\/localhost:(\d+)/,
    );
  const parley = await startParley({});
  const unguarded = await startParley({}, 'bench/unguarded.mjs');
  const redis = await startRedis();
  const logged = await startParley({ REDIS_URL: `redis://127.0.0.1:${redis.port}` });
  const urlOf = ({ port }) => `http://127.0.0.1:${port}`;
  const parleyUrl = urlOf(parley);
  const json = { 'content-type': 'application/json' };
  const post = async (path, body, token, method = 'POST') => {
    const headers = { ...json, ...(token && { authorization: `Bearer ${token}` }) };
    const answer = await fetch(`${parleyUrl}${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const people = await Promise.all(
    ['bench', 'budget'].map(async (name) => {
      const who = await post('/v1/auth/register', { email: `${name}@example.com`, password: 'a long password' });
      const { key } = await post('/v1/auth/api-keys', { name }, who.access_token);
      return { ...who, key };
    }),
  );
  const [{ key }, thrifty] = people;
  const subject = { type: 'workspace', id: thrifty.workspace.id };
  await post('/v1/budgets', { subject, period: 'day', limit_usd: '1000000' }, thrifty.access_token, 'PUT');

  const contenders = [
    { name: 'upstream alone', pid: upstream.pid, url: `${base}/chat/completions`, model: 'gpt-4o-mini' },
    {
      name: 'bare Nest',
      pid: bare.pid,
      url: `http://127.0.0.1:${bare.port}/v1/chat/completions`,
      model: 'gpt-4o-mini',
    },
    { name: 'Parley', pid: parley.pid, url: `${parleyUrl}/v1/chat/completions`, model: 'openai/gpt-4o-mini' },
    {
      name: 'Parley, budget',
      pid: parley.pid,
      url: `${parleyUrl}/v1/chat/completions`,
      model: 'openai/gpt-4o-mini',
      key: thrifty.key,
    },
    {
      name: 'Parley, all off',
      pid: unguarded.pid,
      url: `${urlOf(unguarded)}/v1/chat/completions`,
      model: 'openai/gpt-4o-mini',
    },
  ];
  if (values.portkey) contenders.push(await startPortkey(base));
  const messages = [
    { role: 'user', content: 'Hello, how are you today? Tell me something about the weather in Paris.' },
  ];
  const results = new Map(contenders.map(({ name }) => [name, []]));
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const { name, pid, url, model, key: own = key, headers } of contenders) {
      const before = cpuOf(pid);
      const run = await autocannon({
        url,
        method: 'POST',
        headers: { ...json, authorization: `Bearer ${own}`, ...headers },
        body: JSON.stringify({ model, messages }),
        connections: Number(values.connections),
        duration: round < 0 ? 3 : Number(values.seconds),
      });
      if (run.non2xx || run.errors) throw new Error(`${name}: ${run.non2xx} refused, ${run.errors} failed`);
      if (round < 0) continue; // warming up
      const cpu = ((cpuOf(pid) - before) / run['2xx']) * 1e6;
      results.get(name).push({ rps: run['2xx'] / run.duration, cpu, p50: run.latency.p50, p99: run.latency.p99 });
    }
  }
  const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
  const table = (name) => {
    const runs = results.get(name);
    return Object.fromEntries(['rps', 'cpu', 'p50', 'p99'].map((key) => [key, median(runs.map((run) => run[key]))]));
  };
  const bareResult = table('bare Nest');
  console.log(`\n${values.connections} connections, ${values.rounds} rounds of ${values.seconds} s, medians`);
  for (const { name } of contenders) {
    const { rps, cpu, p50, p99 } = table(name);
    console.log(
      `${name.padEnd(16)} ${rps.toFixed(0).padStart(6)} requests/s  ${cpu.toFixed(0).padStart(5)} µs CPU/request  p50 ${p50} ms  p99 ${p99} ms  ${(rps / bareResult.rps).toFixed(2)} × bare Nest`,
    );
  }

  const count = Number(values.streams);
  const model = `stream-${values.chunks}-50`;
  const conversation = async (server) => {
    const headers = { ...json, authorization: `Bearer ${key}` };
    const answer = await fetch(`${urlOf(server)}/v1/conversations`, { method: 'POST', headers, body: '{}' });
    return `${urlOf(server)}/v1/conversations/${(await answer.json()).id}/stream`;
  };
  const direct = { messages, stream: true };
  const [, { url: bareUrl }, { url: directUrl }] = contenders;
  const stored = { question: { content: messages[0].content, model: `openai/${model}` }, ending: 'event: message.end' };
  const streams = [
    { name: 'bare Nest', server: bare, url: () => bareUrl, question: { ...direct, model }, ending: '[DONE]' },
    {
      name: 'Parley, direct',
      server: parley,
      url: () => directUrl,
      question: { ...direct, model: `openai/${model}` },
      ending: '[DONE]',
    },
    { name: 'Parley, stored', server: parley, url: conversation, ...stored },
    { name: 'Parley, stored, log in Redis', server: logged, url: conversation, ...stored },
  ];
  console.log(`\n${count} streams of ${values.chunks} chunks, 20 a second each, medians of ${values.rounds} rounds`);
  const costs = new Map(streams.map(({ name }) => [name, []]));
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const { name, server, url, question, ending } of streams) {
      const urls = await Promise.all(Array.from({ length: count }, () => url(server)));
      const before = cpuOf(server.pid);
      const { chunks, failed } = await openStreams({ urls, key, question, ending });
      if (failed) throw new Error(`${name}: ${failed} streams failed`);
      if (round >= 0) costs.get(name).push(((cpuOf(server.pid) - before) / chunks) * 1e6);
    }
  }
  const bareCost = median(costs.get('bare Nest'));
  for (const [name, runs] of costs) {
    const cpu = median(runs);
    console.log(
      `${name.padEnd(28)} ${cpu.toFixed(1).padStart(6)} µs CPU/chunk  ${(cpu / bareCost).toFixed(2)} × bare Nest`,
    );
  }
} finally {
  for (const child of children) child.kill('SIGTERM');
  await Promise.all(children.map((child) => child.exitCode ?? new Promise((done) => child.once('exit', done))));
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
