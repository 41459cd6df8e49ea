import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { AccessRules } from '../../src/platform/common/auth/access-rules';
import { type Principal } from '../../src/platform/common/auth/principal';
import { type CallRecord } from '../../src/usage/usage.types';
import { freshDatabase, type TestDatabase } from '../support/database';
import { dist } from '../support/dist';

type DataSourceModule = typeof import('../../src/platform/database/data-source');
type LedgerModule = typeof import('../../src/usage/ledger.repository');
type ReservationsModule = typeof import('../../src/usage/reservations.repository');
type BudgetsModule = typeof import('../../src/usage/budgets.repository');
type LedgerAuditModule = typeof import('../../src/usage/ledger-audit.repository');
type AuditModule = typeof import('../../src/audit/audit.service');
type AuditStore = typeof import('../../src/audit/audit.repository');
type MoneyModule = typeof import('../../src/platform/common/money');

const PICO = 1_000_000_000_000n;
const WORKSPACE = randomUUID();
const [USER, OTHER] = [randomUUID(), randomUUID()];
const KEY = randomUUID();
const SUBJECTS = [
  { type: 'workspace', id: WORKSPACE },
  { type: 'member', id: USER },
  { type: 'api_key', id: KEY },
] as const;
const CALLERS: Principal[] = [
  [USER, null],
  [USER, KEY],
  [OTHER, null],
].map(([userId, apiKeyId]) => ({
  userId: userId!,
  workspaceId: WORKSPACE,
  role: 'owner',
  instanceAdmin: false,
  apiKeyId: apiKeyId ?? null,
  scopes: null,
  rules: AccessRules.NONE,
  tier: null,
}));

/** What the ledger should say: plain sums, no SQL. Dollars are whole. */
class Model {
  readonly budgets = new Map<string, { subject: string; usd: number | null; tokens: number | null }>();
  readonly held: { call: number; budgets: string[]; usd: number; tokens: number }[] = [];
  readonly rows: { caller: Principal; usd: number; tokens: number }[] = [];

  applying({ workspaceId, userId, apiKeyId }: Principal): string[] {
    return [...this.budgets]
      .filter(([, { subject }]) => [workspaceId, userId, apiKeyId].includes(subject))
      .map(([id]) => id);
  }

  spent(id: string) {
    const rows = this.rows.filter(({ caller }) => this.applying(caller).includes(id));
    return { usd: sum(rows.map(({ usd }) => usd)), tokens: sum(rows.map(({ tokens }) => tokens)) };
  }

  reserved(id: string) {
    const held = this.held.filter(({ budgets }) => budgets.includes(id));
    return { usd: sum(held.map(({ usd }) => usd)), tokens: sum(held.map(({ tokens }) => tokens)) };
  }

  fits(id: string, usd: number, tokens: number): boolean {
    const budget = this.budgets.get(id)!;
    const [spent, reserved] = [this.spent(id), this.reserved(id)];
    return (
      (budget.usd === null || usd === 0 || spent.usd + reserved.usd + usd <= budget.usd) &&
      (budget.tokens === null || spent.tokens + reserved.tokens + tokens <= budget.tokens)
    );
  }

  release(call: number): void {
    for (let i = this.held.length - 1; i >= 0; i--) if (this.held[i]!.call === call) this.held.splice(i, 1);
  }
}
const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);

describe('the ledger of budgets', () => {
  let database: TestDatabase;
  let db: DataSource;
  let ledger: InstanceType<LedgerModule['LedgerRepository']>;
  let reservations: InstanceType<ReservationsModule['ReservationsRepository']>;
  let budgets: InstanceType<BudgetsModule['BudgetsRepository']>;
  let audit: InstanceType<LedgerAuditModule['LedgerAuditRepository']>;
  beforeAll(async () => {
    database = await freshDatabase();
    const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
    db = await new DataSource(dataSourceOptions(database.url)).initialize();
    const { AuditService } = dist('audit/audit.service') as AuditModule;
    const { AuditRepository } = dist('audit/audit.repository') as AuditStore;
    ledger = new (dist('usage/ledger.repository') as LedgerModule).LedgerRepository(db);
    reservations = new (dist('usage/reservations.repository') as ReservationsModule).ReservationsRepository(db);
    budgets = new (dist('usage/budgets.repository') as BudgetsModule).BudgetsRepository(
      db,
      new AuditService(new AuditRepository(db)),
    );
    audit = new (dist('usage/ledger-audit.repository') as LedgerAuditModule).LedgerAuditRepository(db);
    await db.query(`INSERT INTO users (id, email, password_hash) VALUES ('${USER}', 'a', ''), ('${OTHER}', 'b', '')`);
    await db.query(`INSERT INTO workspaces (id, name) VALUES ('${WORKSPACE}', 'w')`);
    await db.query(`INSERT INTO memberships (workspace_id, user_id, role)
      VALUES ('${WORKSPACE}', '${USER}', 'owner'), ('${WORKSPACE}', '${OTHER}', 'member')`);
    await db.query(`INSERT INTO api_keys (id, workspace_id, user_id, name, prefix, key_hash)
      VALUES ('${KEY}', '${WORKSPACE}', '${USER}', 'k', 'p', '\\x00')`);
  });
  afterAll(async () => {
    await db.destroy();
    await database.drop();
  });

  const record = (id: string, callId: string, caller: Principal, usd: number, tokens: number): CallRecord => ({
    id,
    callId,
    superseded: false,
    at: new Date(),
    workspaceId: caller.workspaceId,
    userId: caller.userId,
    apiKeyId: caller.apiKeyId,
    endUser: null,
    kind: 'chat',
    provider: 'p',
    model: 'm',
    inputTokens: tokens,
    outputTokens: 0,
    cachedTokens: 0,
    cacheWriteTokens: 0,
    reasoningTokens: 0,
    cost: BigInt(usd) * PICO,
    estimated: false,
    outcome: 'success',
    errorCode: null,
    latencyMs: 1,
    ttftMs: null,
    requestId: 'r',
    messageId: null,
  });

  it('says what a simple model says, whatever is reserved, settled, left and swept', async () => {
    const few = fc.nat(12);
    const step = fc.oneof(
      fc.record({ put: fc.nat(2), usd: fc.option(fc.nat(40)), tokens: fc.option(fc.nat(200)) }),
      fc.record({
        reserve: fc.array(fc.record({ call: few, by: fc.nat(2), usd: fc.nat(15), tokens: fc.nat(60) }), {
          minLength: 1,
          maxLength: 4,
        }),
      }),
      fc.record({ open: few, by: fc.nat(2), usd: fc.nat(20), tokens: fc.nat(60) }),
      fc.record({ settle: few, by: fc.nat(2), usd: fc.nat(20), tokens: fc.nat(60), again: fc.boolean() }),
      fc.record({ drop: fc.nat(2) }),
      fc.record({ die: few }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        await db.query('TRUNCATE usage, usage_hours, usage_end_users, call_leases, reservations, budgets CASCADE');
        const model = new Model();
        const calls = new Map<number, { id: string; attempt: string; caller: Principal; lease: CallRecord | null }>();
        const callOf = (n: number, by: number) => {
          const known = calls.get(n) ?? { id: randomUUID(), attempt: randomUUID(), caller: CALLERS[by]!, lease: null };
          calls.set(n, known);
          return known;
        };

        for (const one of steps) {
          if ('put' in one) {
            const subject = SUBJECTS[one.put]!;
            const [limitUsd, limitTokens] = [one.usd, one.usd === null && one.tokens === null ? 100 : one.tokens];
            const made = await budgets.put(CALLERS[0]!, {
              subject,
              period: 'total',
              limitUsd: limitUsd === null ? null : String(limitUsd),
              limitTokens,
              alertAt: [],
              alertUrl: null,
            });
            model.budgets.set(made!.id, { subject: subject.id, usd: limitUsd, tokens: limitTokens });
          } else if ('reserve' in one) {
            const asked = one.reserve.map(({ call, by, usd, tokens }) => ({
              id: randomUUID(),
              callId: callOf(call, by).id,
              principal: callOf(call, by).caller,
              amount: { usd: BigInt(usd) * PICO, tokens },
            }));
            const judged = await reservations.reserve(asked, false);
            for (const [i, { call, usd, tokens }] of one.reserve.entries()) {
              const { id: reservation, principal } = asked[i]!;
              const applying = model.applying(principal);
              const told = judged.get(reservation)!.map(({ id, fits }) => [id, fits]);
              expect(Object.fromEntries(told)).toEqual(
                Object.fromEntries(applying.map((id) => [id, model.fits(id, usd, tokens)])),
              );
              if (applying.length > 0 && applying.every((id) => model.fits(id, usd, tokens)))
                model.held.push({ call, budgets: applying, usd, tokens });
            }
          } else if ('open' in one) {
            const call = callOf(one.open, one.by);
            if (call.lease) continue;
            call.lease = { ...record(call.attempt, call.id, call.caller, one.usd, one.tokens), outcome: 'interrupted' };
            await ledger.openLeases(randomUUID(), [call.lease]);
          } else if ('settle' in one) {
            const call = callOf(one.settle, one.by);
            const truth = record(call.attempt, call.id, call.caller, one.usd, one.tokens);
            await ledger.settle([truth], [call.id]);
            // Its connection broke before it was told so.
            if (one.again) await ledger.settle([truth], [call.id]);
            model.release(one.settle);
            model.rows.push({ caller: call.caller, usd: one.usd, tokens: one.tokens });
            calls.delete(one.settle);
          } else if ('drop' in one) {
            const subject = SUBJECTS[one.drop]!.id;
            const [id] = [...model.budgets].find(([, budget]) => budget.subject === subject) ?? [];
            if (!id) continue;
            expect(await budgets.delete(CALLERS[0]!, id, () => undefined)).toBe(true);
            model.budgets.delete(id);
          } else {
            const call = calls.get(one.die);
            if (!call) continue;
            await db.query(`UPDATE call_leases SET expires_at = now() - interval '1 s' WHERE id = $1`, [call.attempt]);
            await db.query(`UPDATE reservations SET expires_at = now() - interval '1 s' WHERE call_id = $1`, [call.id]);
            // What is left of the call: billed, and then given back, never the other way round.
            expect(await reservations.expired([], 100)).toEqual(
              call.lease ? [] : [...new Set(model.held.filter((held) => held.call === one.die).map(() => call.id))],
            );
            await ledger.sweepExpired([], 100);
            await ledger.settle([], await reservations.expired([], 100));
            if (call.lease) {
              const { cost, inputTokens } = call.lease;
              model.rows.push({ caller: call.caller, usd: Number(cost! / PICO), tokens: inputTokens });
            }
            model.release(one.die);
            calls.delete(one.die);
          }

          expect(await audit.discrepancies()).toEqual([]);
          const { formatUsd } = dist('platform/common/money') as MoneyModule;
          const usd = (dollars: number) => `${formatUsd(BigInt(dollars) * PICO).split('.')[0]}.000000000000`;
          const told = await budgets.list(CALLERS[0]!, { limit: 10, order: 'asc' });
          expect(
            new Map(
              told.map((row) => [row.id, [row.spent_usd, row.reserved_usd, row.spent_tokens, row.reserved_tokens]]),
            ),
          ).toEqual(
            new Map(
              [...model.budgets.keys()].map((id) => {
                const [spent, reserved] = [model.spent(id), model.reserved(id)];
                return [id, [usd(spent.usd), usd(reserved.usd), String(spent.tokens), String(reserved.tokens)]];
              }),
            ),
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});
