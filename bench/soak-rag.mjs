/**
 * 200 mixed files into one collection by an API and two workers, first undisturbed, then while every `--every` seconds one
 * worker is killed with -9 and started again; then nothing may be lost, there twice, unlike what it was undisturbed, paid
 * twice without need, or left behind. With Redis where there is a redis-server on the PATH (`--redis`: get one), else with
 * jobs in PostgreSQL. Exit code 1 on any violation. Linux; fetches packages for their documentation.
 * Usage: npm run soak:rag [-- --every 20 --delay 10 --redis]
 * `--delay`: seconds the provider takes for a request.
 */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { signUp } from './rag-eval/parley.mjs';
import { startRedis } from './soak/redis.mjs';
import { mixedFiles } from './soak-rag/corpus.mjs';
import { Fleet, isParser, kill9, parsersOf } from './soak-rag/fleet.mjs';
import { beginJournal, repeated, takeovers } from './soak-rag/journal.mjs';
import { checkLedger, checkRepetitions } from './soak-rag/ledger.mjs';
import { checkLeftovers, checkOutcomes, compare, outcomes } from './soak-rag/stored.mjs';
import { startUpstream } from './soak-rag/upstream.mjs';

const { values } = parseArgs({
  options: {
    every: { type: 'string', default: '20' },
    delay: { type: 'string', default: '10' },
    redis: { type: 'boolean', default: false },
  },
});
const LEAST_KILLS = 5;
const LONGEST_MS = 1_200_000;
/** How long what a dead process owed is swept at the latest, and its parsers end. */
const SWEPT_MS = 20_000;
const MODEL = 'openai/text-embedding-3-small';
/** Small chunks, so that long documents need several requests. */
const CHUNK = 64;

const violations = [];
const soak = { violated: (what) => void violations.push(what) };
const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)}  ${text}`);
const seconds = (ms) => (ms / 1_000).toFixed(1);
const range = (list) => `${seconds(Math.min(...list))} to ${seconds(Math.max(...list))} s`;

const files = await mixedFiles();
const kinds = Map.groupBy(files, ({ title }) => title.split('.').at(-1));
const built = files.filter((file) => file.built).length;
say(
  `${files.length} files, ${built} of them built: ${[...kinds].map(([kind, all]) => `${all.length} ${kind}`).join(', ')}`,
);

const upstream = await startUpstream(Number(values.delay) * 1_000);
const fleet = await Fleet.begin({ OPENAI_API_KEY: 'x', OPENAI_BASE_URL: upstream.url }, (dataDir) =>
  startRedis(dataDir, values.redis),
);
say(`jobs are in ${fleet.env.REDIS_URL ? 'Redis' : 'PostgreSQL'}`);
const database = new pg.Client({ connectionString: fleet.postgres.url });
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void fleet.end().then(() => process.exit(130)));

/** A collection of all files in a workspace of its own, once all are settled. @param disturb until `signal` aborts */
async function run(name, disturb) {
  const parley = await signUp(fleet.url, name);
  const collection = await parley.collection({ strategy: 'recursive', size: CHUNK }, { embedding_model: MODEL });
  const first = upstream.asked.length;
  const begin = Date.now();
  const over = new AbortController();
  const disturbed = disturb(over.signal);
  await parley.upload(collection, files);
  const uploadedMs = Date.now() - begin;
  await parley.settled(collection, AbortSignal.timeout(LONGEST_MS));
  const ms = Date.now() - begin;
  over.abort();
  await disturbed;
  await wait(SWEPT_MS);
  const asked = upstream.asked.slice(first);
  say(`${name}: uploaded in ${seconds(uploadedMs)} s, settled after ${seconds(ms)} s`);
  return { collection, asked, documents: await outcomes(database, collection) };
}

const kills = [];
async function killInTurn(signal) {
  for (let place = 0; ; place = 1 - place) {
    try {
      await wait(Number(values.every) * 1_000, undefined, { signal });
    } catch {
      return;
    }
    const worker = fleet.workers[place];
    const parsers = parsersOf(worker);
    kills.push(Date.now());
    await kill9(worker);
    await fleet.startWorker(place);
    for (const parser of parsers) orphans.add(parser);
  }
}
const orphans = new Set();

async function judge({ collection, asked, documents }) {
  checkOutcomes(documents, files.length, soak);
  for (const title of await repeated(database, collection)) soak.violated(`${title} was ready or failed twice`);
  const takenOver = await takeovers(database, collection, kills);
  say(await checkLedger(database, { collection, documents, asked, takenOver }, soak));
  say(`texts: ${JSON.stringify(checkRepetitions(asked, kills, takenOver, soak))}`);
  return takenOver;
}

function tellOutcomes(documents) {
  const failed = documents.filter(({ status }) => status !== 'ready');
  const chunks = documents.reduce((all, one) => all + one.stored, 0);
  say(`${documents.length - failed.length} ready with ${chunks} chunks, ${failed.length} failed:`);
  for (const { title, error_code, error } of failed) say(`  ${title}: ${error_code}: ${error}`);
}

function tellTakeovers(all) {
  for (const { documentId, kill } of all)
    if (!kill) soak.violated(`document ${documentId} was taken from a living worker`);
  for (const [kill, some] of Map.groupBy(all, (one) => one.kill)) {
    const again = some.map(({ runningMs }) => runningMs).filter((ms) => ms !== null);
    say(
      `  killed at ${new Date(kill).toISOString().slice(11, 19)}: ${some.length} documents, in the queue again after ${range(some.map(({ queuedMs }) => queuedMs))}, under way after ${range(again)}`,
    );
  }
}

try {
  await database.connect();
  await beginJournal(database);
  await fleet.startWorker();
  await fleet.startWorker();
  const quiet = await run('quiet', () => Promise.resolve());
  if ((await judge(quiet)).length > 0) soak.violated('documents were taken over in the quiet run');
  tellOutcomes(quiet.documents);

  const disturbed = await run('kills', killInTurn);
  say(`${kills.length} kills`);
  if (kills.length < LEAST_KILLS) soak.violated(`only ${kills.length} kills: it needs a longer --delay`);
  tellTakeovers(await judge(disturbed));
  compare(disturbed.documents, quiet.documents, soak);
  await checkLeftovers(database, join(fleet.dataDir, 'files'), soak);
  for (const pid of orphans) if (isParser(pid)) soak.violated(`parser ${pid} outlived its worker`);
  const errors = [fleet.api, ...fleet.started].flatMap(({ lines }) =>
    lines.filter((line) => /"level":[56]0/.test(line)),
  );
  for (const line of errors) soak.violated(`logged: ${line.slice(0, 600)}`);
} catch (error) {
  soak.violated(`the soak itself failed: ${error.stack}`);
}
const kindOf = (what) => what.replaceAll(/[0-9a-f-]{36}|\d+/g, '#').slice(0, 30);
for (const [, all] of Map.groupBy(violations, kindOf)) console.error(`FAILED ${all.length} ×: ${all[0]}`);
say(violations.length === 0 ? 'nothing lost, nothing twice, nothing left behind' : `FAILED ${violations.length} ×`);
await database.end();
await fleet.end();
process.exit(violations.length === 0 ? 0 : 1);
