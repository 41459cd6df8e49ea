import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';

type DataSourceModule = typeof import('../../src/platform/database/data-source');
type UsageModule = typeof import('../../src/usage/usage.repository');
type RollupModule = typeof import('../../src/usage/rollup.repository');
type LedgerModule = typeof import('../../src/usage/ledger.repository');
type CallRecord = import('../../src/usage/usage.types').CallRecord;

const uuid = (kind: number, n: number) => `00000000-0000-4000-8${kind}00-${String(n).padStart(12, '0')}`;
const WORKSPACE = uuid(1, 1);
const START = Date.parse('2026-03-31T21:00:00Z');
const HOUR = 3_600_000;
const GROUPS = ['model', 'provider', 'api_key', 'user', 'kind', 'end_user'] as const;

describe('the roll-up of usage', () => {
  let database: TestDatabase;
  let db: DataSource;
  let ledger: InstanceType<LedgerModule['LedgerRepository']>;
  let rollup: InstanceType<RollupModule['RollupRepository']>;
  let usage: InstanceType<UsageModule['UsageRepository']>;
  beforeAll(async () => {
    database = await freshDatabase();
    const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
    db = await new DataSource(dataSourceOptions(database.url)).initialize();
    ledger = new (dist('usage/ledger.repository') as LedgerModule).LedgerRepository(db);
    rollup = new (dist('usage/rollup.repository') as RollupModule).RollupRepository(db);
    usage = new (dist('usage/usage.repository') as UsageModule).UsageRepository(db);
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });
  beforeEach(() => db.query('TRUNCATE usage, usage_hours, usage_end_users, call_leases'));

  it('and what is not in it yet say what the rows say, whatever is folded and settled in between', async () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          settle: fc.uniqueArray(record(), { minLength: 1, maxLength: 8, selector: ({ id }) => id }),
        }),
      },
      { weight: 2, arbitrary: fc.record({ fold: fc.integer({ min: 1, max: 10 }) }) },
      { weight: 1, arbitrary: fc.constant({ truth: true as const }) },
    );
    const moment = fc.integer({ min: 0, max: 6 * HOUR }).map((ms) => START + ms);
    const span = fc.tuple(moment, moment, fc.boolean(), fc.option(fc.nat(2)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 12 }),
        span,
        fc.constantFrom(null, ...GROUPS),
        async (steps, [a, b, whole, user], group) => {
          const rows = new Map<string, CallRecord>();
          for (const one of steps) {
            if ('settle' in one) {
              for (const row of one.settle) rows.set(row.id, row);
              await ledger.settle(one.settle, []);
            } else if ('fold' in one) {
              await rollup.fold(one.fold);
            } else {
              // A process that was only asleep tells what a sweep had to guess.
              const late = [...rows.values()].filter(({ outcome }) => outcome === 'interrupted');
              const truth = late.map((row) => ({
                ...row,
                outcome: 'success' as const,
                inputTokens: row.inputTokens + 5,
                cost: 7n,
              }));
              for (const row of truth) rows.set(row.id, row);
              await ledger.settle(truth, []);
            }
          }
          const [from, to] = [Math.min(a, b), Math.max(a, b) + 1].map((ms) =>
            whole ? Math.floor(ms / HOUR) * HOUR : ms,
          ) as [number, number];
          const userId = user === null ? null : uuid(2, user);
          const asked = {
            workspaceId: WORKSPACE,
            userId,
            from: new Date(from),
            to: new Date(Math.max(to, from + 1)),
          };

          const { totals, groups } = await usage.report(asked, group);
          const naive = await byRows(asked, group);
          expect(totals).toMatchObject(naive.totals);
          expect(Object.fromEntries(groups.map(({ group: name, ...sums }) => [String(name), sums]))).toEqual(
            naive.groups,
          );

          const points = await usage.history(asked, 'hour', group);
          for (const name of new Set(points.map((point) => point.group))) {
            const sum = points.filter((point) => point.group === name).reduce((all, { requests }) => all + requests, 0);
            expect(sum).toBe(group ? (naive.groups[String(name)]?.['requests'] ?? 0) : totals.requests);
          }
        },
      ),
      {
        numRuns: 150,
        plugins: [
          fc.beforeEach(async () => {
            await db.query('TRUNCATE usage, usage_hours, usage_end_users');
          }),
        ],
      },
    );
  });

  it('takes every row once, however many fold at the same time', async () => {
    const records = fc
      .sample(record(), 400)
      .map((row, n) => ({ ...row, id: uuid(3, n), outcome: 'success' as const, superseded: false }));
    await ledger.settle(records, []);

    while ((await Promise.all(Array.from({ length: 4 }, () => rollup.fold(17)))).some((folded) => folded > 0));

    expect(await db.query('SELECT sum(requests)::int AS requests FROM usage_hours')).toEqual([{ requests: 400 }]);
    expect(await db.query('SELECT count(*)::int AS left FROM usage WHERE NOT folded')).toEqual([{ left: 0 }]);
  });

  /** The same by one plain sum over all rows. */
  async function byRows(
    span: { workspaceId: string; userId: string | null; from: Date; to: Date },
    group: string | null,
  ) {
    const columns: Record<string, string> = {
      model: `provider || '/' || model`,
      api_key: 'api_key_id',
      user: 'user_id',
    };
    const sums = await db.query<Record<string, string>[]>(
      `SELECT ${group ? (columns[group] ?? group) : `'all'`}::text AS "group",
         count(*) FILTER (WHERE superseded IS NOT TRUE) AS requests, sum(input_tokens) AS input_tokens,
         sum(output_tokens) AS output_tokens, sum(cached_tokens) AS cached_tokens, coalesce(sum(cost_usd), 0) AS cost_usd,
         count(*) FILTER (WHERE cost_usd IS NULL) AS unpriced,
         count(*) FILTER (WHERE outcome = 'error' AND superseded IS NOT TRUE) AS errors
       FROM usage WHERE workspace_id = $1 AND ($2::uuid IS NULL OR user_id = $2) AND at >= $3 AND at < $4 GROUP BY 1`,
      [span.workspaceId, span.userId, span.from, span.to],
    );
    const numbers = sums.map(({ group: name, cost_usd, ...rest }) => {
      const plain = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, Number(value)]));
      return [String(name), { ...plain, cost_usd: decimals(cost_usd!) }] as const;
    });
    const groups = Object.fromEntries(numbers) as Record<string, Record<string, unknown>>;
    const total = (key: string) =>
      numbers.reduce((all, [, row]) => all + Number((row as Record<string, unknown>)[key]), 0);
    return {
      totals: { requests: total('requests'), input_tokens: total('input_tokens'), errors: total('errors') },
      groups: group ? groups : {},
    };
  }
});

/** At least six decimals, and no zeros after. */
const decimals = (text: string) => {
  const [whole, fraction = ''] = text.split('.');
  return `${whole}.${fraction.padEnd(12, '0').replace(/0{1,6}$/, '')}`;
};

function record() {
  const tokens = fc.nat(1000);
  return fc
    .record({
      n: fc.nat(1_000_000),
      at: fc.nat(6 * HOUR),
      workspace: fc.constantFrom(1, 1, 1, 2),
      user: fc.nat(2),
      key: fc.option(fc.nat(1)),
      endUser: fc.option(fc.constantFrom('ann', 'bob')),
      provider: fc.constantFrom('openai', 'demo'),
      model: fc.constantFrom('a', 'b'),
      superseded: fc.boolean(),
      outcome: fc.constantFrom('success' as const, 'error' as const, 'cancelled' as const, 'interrupted' as const),
      cost: fc.option(fc.bigInt({ min: 0n, max: 10n ** 14n })),
      tokens: fc.tuple(tokens, tokens, tokens),
    })
    .map(({ n, at, workspace, user, key, tokens: [inputTokens, outputTokens, cachedTokens], ...rest }): CallRecord => ({
      ...rest,
      id: uuid(3, n),
      callId: uuid(4, n),
      // The same call is always of the same moment.
      at: new Date(START + ((at + n) % (6 * HOUR))),
      workspaceId: uuid(1, workspace),
      userId: uuid(2, user),
      apiKeyId: key === null ? null : uuid(5, key),
      kind: 'chat',
      inputTokens,
      outputTokens,
      cachedTokens,
      cacheWriteTokens: 0,
      reasoningTokens: 0,
      estimated: false,
      errorCode: null,
      latencyMs: 1,
      ttftMs: null,
      requestId: 'r',
      messageId: null,
    }));
}
