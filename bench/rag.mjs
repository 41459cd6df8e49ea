/**
 * What a search takes in a collection that grows: by full text with rare, mixed and common words, by vectors, and by both;
 * and how many of the ten nearest each vector index finds. On the embedded PostgreSQL, in one process, one search at a time.
 * Texts are made of words as frequent as in natural language (Zipf); vectors are dense ones of many topics, or with
 * `--vectors hashed` those of `local/hash-384`.
 * Usage: node bench/rag.mjs [--chunks 10000,50000,100000 --per-document 20 --queries 60 --vectors dense|hashed]
 */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DataSource } from 'typeorm';

const load = createRequire(import.meta.url);
const { values } = parseArgs({
  options: {
    chunks: { type: 'string', default: '10000,50000,100000' },
    'per-document': { type: 'string', default: '20' },
    queries: { type: 'string', default: '60' },
    vectors: { type: 'string', default: 'dense' },
  },
});
const { startEmbeddedPostgres } = load('../dist/platform/database/embedded/embedded-postgres.js');
const { migrate } = load('../dist/platform/database/migrate.js');
const { dataSourceOptions } = load('../dist/platform/database/data-source.js');
const { ChunksRepository } = load('../dist/rag/indexes/chunks.repository.js');
const { IndexService } = load('../dist/rag/indexes/index.service.js');
const { LexicalRepository } = load('../dist/rag/indexes/lexical.repository.js');
const { PgVectors } = load('../dist/rag/indexes/pgvector.repository.js');
const { QuantizedVectors } = load('../dist/rag/indexes/quantized.repository.js');
const { TextIndexService } = load('../dist/rag/indexes/text-index.service.js');
const { dot, unit } = load('../dist/rag/indexes/vectors.js');
const { hashEmbedding } = load('../dist/providers/hash-embedding.codec.js');
const { RerankService } = load('../dist/rag/rerank/rerank.service.js');
const { RetrievalRepository } = load('../dist/rag/retrieval.repository.js');
const { RetrievalService } = load('../dist/rag/retrieval.service.js');

const DIMENSIONS = 384;
const WORDS_PER_CHUNK = 120;
const MODEL = values.vectors === 'hashed' ? 'local/hash-384' : 'bench/dense';
const QUERIES = Number(values.queries);
const PER_DOCUMENT = Number(values['per-document']);

/** Always the same numbers from 0 to 1. */
let state = 1;
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
};
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

const SYLLABLES = ['ba', 'ce', 'di', 'fo', 'gu', 'ka', 'le', 'mi', 'no', 'pu', 'ra', 'se', 'ti', 'vo', 'zu'];
const wordOf = (rank) => {
  let word = '';
  for (let n = rank + SYLLABLES.length; n > 0; n = Math.floor(n / SYLLABLES.length))
    word += SYLLABLES[n % SYLLABLES.length];
  return word;
};
const VOCABULARY = 50_000;
/** Of rank r, as often as 1/r. */
const zipf = () => Math.floor(VOCABULARY ** random());
const textOf = () => Array.from({ length: WORDS_PER_CHUNK }, () => wordOf(zipf())).join(' ');

const TOPICS = Array.from({ length: 200 }, () => Float32Array.from({ length: DIMENSIONS }, normal));
const near = (vector, noise) => vector.map((value) => value + noise * normal());
const denseOf = () => near(TOPICS[Math.floor(random() * TOPICS.length)], 1);
const QUERIED = {
  'rare words': () => Array.from({ length: 4 }, () => wordOf(2_000 + Math.floor(random() * 20_000))),
  'mixed words': () => Array.from({ length: 6 }, () => wordOf(zipf())),
  'common words': () => Array.from({ length: 6 }, (_, i) => wordOf(i + Math.floor(random() * 6))),
};

const dataDir = mkdtempSync(join(tmpdir(), 'parley-rag-'));
chmodSync(dataDir, 0o755);
const server = await startEmbeddedPostgres(dataDir, () => undefined);
let db;
try {
  await migrate(server.url);
  db = await new DataSource(dataSourceOptions(server.url)).initialize();
  const lexical = new LexicalRepository(db);
  const pgvector = new PgVectors(db);
  const drivers = [new QuantizedVectors(db)];
  if (await pgvector.available()) drivers.push(pgvector);
  else console.log('pgvector: the server does not offer it');

  const [WORKSPACE, USER, COLLECTION, INDEX] = Array.from({ length: 4 }, () => randomUUID());
  const principal = { workspaceId: WORKSPACE, userId: USER };
  await db.query(`INSERT INTO users (id, email, password_hash) VALUES ('${USER}', 'bench', '')`);
  await db.query(`INSERT INTO workspaces (id, name) VALUES ('${WORKSPACE}', 'bench')`);
  await db.query(`INSERT INTO collections (id, workspace_id, user_id, name, access)
    VALUES ('${COLLECTION}', '${WORKSPACE}', '${USER}', 'bench', 'private')`);
  await db.query(`INSERT INTO collection_indexes (id, workspace_id, collection_id, user_id, state, embedding_model, dimensions, chunking)
    VALUES ('${INDEX}', '${WORKSPACE}', '${COLLECTION}', '${USER}', 'active', '${MODEL}', ${DIMENSIONS}, '{}')`);
  const index = { id: INDEX, workspaceId: WORKSPACE, collectionId: COLLECTION, dimensions: DIMENSIONS };
  const all = {
    // what every driver holds
    name: 'all',
    prepare: async () => {
      for (const driver of drivers) await driver.prepare();
    },
    add: async (...added) => {
      for (const driver of drivers) await driver.add(...added);
    },
    remove: async () => undefined,
  };
  const indexes = new IndexService(new ChunksRepository(db), lexical, all);
  await indexes.onModuleInit();

  const stored = [];
  const grow = async (to) => {
    while (stored.length < to) {
      const texts = Array.from({ length: Math.min(PER_DOCUMENT, to - stored.length) }, textOf);
      const vectors = texts.map((text) => unit(values.vectors === 'hashed' ? hashEmbedding(text) : denseOf()));
      stored.push(...vectors);
      const id = randomUUID();
      await db.query(
        `INSERT INTO documents (id, workspace_id, collection_id, user_id, title, version, status, current)
        VALUES ($1::uuid, $2, $3, $4, $1::uuid::text, 1, 'ready', true)`,
        [id, WORKSPACE, COLLECTION, USER],
      );
      const chunks = texts.map((text, i) => ({
        text,
        start: i * 2_000,
        end: i * 2_000 + text.length,
        tokens: 160,
        page: null,
        headingPath: [],
        blanks: '',
      }));
      const writer = await indexes.begin(index, { id, title: id, language: null });
      await writer.add(chunks, vectors);
      await writer.end();
      await db.transaction((tx) => indexes.publish(tx, INDEX, id));
    }
    await db.query('VACUUM ANALYZE');
  };

  const queryVector = (text) =>
    unit(values.vectors === 'hashed' ? hashEmbedding(text) : near(stored[Math.floor(random() * stored.length)], 0.03));
  const exactly = (vector) =>
    Float64Array.from(stored, (one) => dot(vector, one))
      .sort()
      .at(-10);
  const quantile = (times, q) => times.sort((a, b) => a - b)[Math.floor(q * (times.length - 1))].toFixed(0);
  const measure = async (what, run) => {
    const times = [];
    for (let i = 0; i < QUERIES; i++) {
      const begin = performance.now();
      await run();
      times.push(performance.now() - begin);
    }
    return { what, 'p50 ms': quantile(times, 0.5), 'p95 ms': quantile(times, 0.95) };
  };

  for (const size of values.chunks.split(',').map(Number)) {
    const begin = performance.now();
    const before = stored.length;
    await grow(size);
    const seconds = (performance.now() - begin) / 1_000;
    console.log(
      `\n${size} chunks of ${WORDS_PER_CHUNK} words, ${PER_DOCUMENT} to a document; written at ${((size - before) / seconds).toFixed(0)} chunks/s`,
    );
    const rows = [];
    for (const driver of drivers) {
      let next = '';
      const embedder = { wordsOf: () => null, embed: () => Promise.resolve({ vectors: [queryVector(next)] }) };
      const reranking = new RerankService({ yaml: { rerankers: [] } }, null, null);
      const retrieval = new RetrievalService(
        new RetrievalRepository(db),
        new TextIndexService(lexical),
        driver,
        embedder,
        reranking,
      );
      const search = (mode, words) => () => {
        next = words().join(' ');
        const query = { collectionIds: [COLLECTION], query: next, k: 10, mode };
        return retrieval.search(principal, query, { requestId: 'bench', signal: new AbortController().signal });
      };
      if (driver === drivers[0]) {
        for (const [name, words] of Object.entries(QUERIED))
          rows.push(await measure(`text, ${name}`, search('text', words)));
      }
      rows.push(await measure(`${driver.name}: vector`, search('vector', QUERIED['mixed words'])));
      rows.push(await measure(`${driver.name}: hybrid, common words`, search('hybrid', QUERIED['common words'])));
      const scope = { ...principal, indexIds: [INDEX], filter: null };
      let hits = 0;
      for (let i = 0; i < QUERIES; i++) {
        const vector = queryVector(QUERIED['mixed words']().join(' '));
        const least = exactly(vector) - 1e-5;
        const found = await driver.nearest(scope, { id: INDEX, collectionId: COLLECTION, model: MODEL }, vector, 10);
        hits += found.filter(({ score }) => score >= least).length;
      }
      rows.push({ what: `${driver.name}: recall@10`, 'p50 ms': (hits / QUERIES / 10).toFixed(3), 'p95 ms': '' });
    }
    console.table(rows);
  }
  const sizes = await db.query(`SELECT relname, pg_size_pretty(pg_total_relation_size(c.oid)) AS size FROM pg_class c
    WHERE relname IN ('chunks', 'chunk_vectors', 'chunk_codes', 'postings', 'indexed_documents') ORDER BY relname`);
  console.log(Object.fromEntries(sizes.map(({ relname, size }) => [relname, size])));
} finally {
  await db?.destroy();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
