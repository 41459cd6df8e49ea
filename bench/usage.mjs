/**
 * What a report over a million calls takes: before any of them is in the roll-up, after all are, and with a tail of what
 * a busy installation adds between two folds. On the embedded PostgreSQL, in one process.
 * Usage: node bench/usage.mjs [--rows 1000000 --days 90 --tail 2000]
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DataSource } from 'typeorm';

const load = createRequire(import.meta.url);
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    days: { type: 'string', default: '90' },
    tail: { type: 'string', default: '2000' },
  },
});
const { startEmbeddedPostgres } = load('../dist/platform/database/embedded/embedded-postgres.js');
const { migrate } = load('../dist/platform/database/migrate.js');
const { dataSourceOptions } = load('../dist/platform/database/data-source.js');
const { UsageRepository } = load('../dist/usage/usage.repository.js');
const { RollupRepository } = load('../dist/usage/rollup.repository.js');

const WORKSPACE = '00000000-0000-4000-8000-000000000001';
const dataDir = mkdtempSync(join(tmpdir(), 'parley-usage-'));
chmodSync(dataDir, 0o755);
const server = await startEmbeddedPostgres(dataDir, () => undefined);
let db;
try {
  await migrate(server.url);
  db = await new DataSource(dataSourceOptions(server.url)).initialize();
  const usage = new UsageRepository(db);
  const rollup = new RollupRepository(db);
  const to = new Date();
  const from = new Date(to.getTime() - Number(values.days) * 86_400_000);
  const span = { workspaceId: WORKSPACE, userId: null, from, to };

  /** Calls of 20 people with 5 models and 10,000 end users. */
  const insert = (rows, since) =>
    db.query(
      `INSERT INTO usage (id, at, workspace_id, user_id, end_user, kind, provider, model, input_tokens, output_tokens,
         cached_tokens, cache_write_tokens, reasoning_tokens, cost_usd, estimated, outcome, latency_ms, request_id)
       SELECT gen_random_uuid(), $3::timestamptz + random() * ($4::timestamptz - $3::timestamptz), $2,
         ('00000000-0000-4000-8000-0000000000' || (10 + n % 20))::uuid, 'end-user-' || n % 10000, 'chat', 'openai',
         'model-' || n % 5, 1000, 100, 0, 0, 0, 0.000420, false, 'success', 900, 'bench'
       FROM generate_series(1, $1::int) AS n`,
      [rows, WORKSPACE, since, to],
    );

  const reports = {
    totals: () => usage.report(span, null),
    'by model': () => usage.report(span, 'model'),
    'by user': () => usage.report(span, 'user'),
    'by end user': () => usage.report(span, 'end_user'),
    'by day': () => usage.history(span, 'day', null),
    'by day and model': () => usage.history(span, 'day', 'model'),
  };
  const measure = async (title) => {
    const told = {};
    for (const [name, ask] of Object.entries(reports)) {
      const times = [];
      for (let run = 0; run < 5; run++) {
        const begin = performance.now();
        await ask();
        times.push(performance.now() - begin);
      }
      told[name] = `${times.sort((a, b) => a - b)[2].toFixed(1)} ms`;
    }
    console.log(title, told);
    return usage.report(span, null);
  };

  await insert(Number(values.rows), from);
  await db.query('ANALYZE usage');
  const before = await measure('from rows:   ');
  const begin = performance.now();
  let longest = 0;
  for (let folded = 1; folded > 0;) {
    const started = performance.now();
    folded = await rollup.fold(2_000);
    longest = Math.max(longest, performance.now() - started);
  }
  console.log(
    `folded in ${((performance.now() - begin) / 1000).toFixed(1)} s, the longest batch ${longest.toFixed(0)} ms`,
  );
  await db.query('VACUUM ANALYZE usage');
  await db.query('VACUUM ANALYZE usage_hours');
  const after = await measure('from roll-up:');
  console.log('the same:', JSON.stringify(before) === JSON.stringify(after));
  await insert(Number(values.tail), new Date(to.getTime() - 3_600_000));
  await measure(`with a tail: `);
} finally {
  await db?.destroy();
  await server.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
