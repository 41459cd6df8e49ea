import { Replicas, moved } from '../support/replicas';
import { type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';
import { until } from '../support/until';

const LIMIT = 60;
/** Half a dollar a word, the prompt free; some answer late, some fail, some say nothing until they are given up. */
const WORDS = Array.from({ length: 9 }, (_, i) => [`words-${i + 1}`, `late-60-${i + 1}`]).flat();
const TROUBLE = ['status-500', 'cut-after-3', 'hang', 'error-after-2', 'slow-20-8'];
const YAML = `
models:
${[...WORDS, ...TROUBLE].map((name) => `  - { id: openai/${name}, price: { input_per_mtok: 0, output_per_mtok: 500000 } }`).join('\n')}
retry: { attempts: 2, base: 5ms, cap: 20ms }
breaker: { minimum: 100000 }`;
const IMPATIENT = `${YAML}
timeouts: { first_token: 700ms, attempt: 900ms }`;

/** Every state the budget was ever in, as the database wrote it. */
const JOURNAL = `
  CREATE TABLE journal (n bigserial, spent numeric, reserved numeric, tokens bigint, held bigint);
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO journal (spent, reserved, tokens, held) VALUES (NEW.spent_usd, NEW.reserved_usd, NEW.spent_tokens, NEW.reserved_tokens);
    RETURN NEW; END $$;
  CREATE TRIGGER journal AFTER INSERT OR UPDATE ON budgets FOR EACH ROW EXECUTE FUNCTION note()`;

interface State {
  spent: string;
  reserved: string;
}

describe('one budget, two processes', () => {
  let replicas: Replicas;
  let first: TestParley;
  let second: TestParley;
  let alice: TestUser;
  let seed: number;
  beforeEach(async () => {
    seed = 20_261_121;
    replicas = await Replicas.begin();
  });
  afterEach(() => replicas.end());

  const begin = async (yaml: string) => {
    first = await replicas.start({ yaml });
    second = await replicas.start({ yaml });
    await replicas.database.query(JOURNAL);
    alice = await first.user();
    const subject = { type: 'workspace', id: alice.workspaceId };
    const { status } = await alice.put('/v1/budgets', { subject, period: 'total', limit_usd: LIMIT });
    expect(status).toBe(200);
  };

  /** The same in every run. */
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const journal = () => replicas.database.query<State>('SELECT spent, reserved FROM journal ORDER BY n');
  const budget = async (user: TestUser): Promise<any> => (await user.get('/v1/budgets')).body.data[0];
  const nothingHeld = (user: TestUser, withinMs?: number) =>
    until(
      () => budget(user),
      ({ reserved_usd, reserved_tokens }) => reserved_usd === '0.000000' && reserved_tokens === 0,
      withinMs,
    );
  const rowsOf = async () => {
    const [row] = await replicas.database.query<{ usd: string; calls: number }>(
      `SELECT coalesce(sum(cost_usd), 0) AS usd, count(DISTINCT call_id)::int AS calls FROM usage`,
    );
    return row!;
  };

  it('never spends more than its limit, refuses only what might not have fitted, and holds nothing afterwards', async () => {
    await begin(YAML);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        const words = 1 + random(9);
        const user = i % 2 === 0 ? alice : moved(alice, second);
        return user.post('/v1/chat', {
          message: 'Go',
          model: `openai/${random(2) === 0 ? 'words' : 'late-60'}-${words}`,
          max_tokens: words + random(4),
        });
      }),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 429]));

    const settled = await nothingHeld(alice);
    const spent = answers.reduce((sum, { status, body }) => sum + (status === 200 ? Number(body.cost_usd) : 0), 0);
    expect(Number(settled.spent_usd)).toBe(spent);
    expect(Number((await rowsOf()).usd)).toBe(spent);
    expect(spent).toBeLessThanOrEqual(LIMIT);
    expect(spent).toBeGreaterThan(LIMIT / 2);

    const states = await journal();
    for (const { spent: usd, reserved } of states) expect(Number(usd) + Number(reserved)).toBeLessThanOrEqual(LIMIT);
    const left = new Set(states.map(({ spent: usd, reserved }) => LIMIT - Number(usd) - Number(reserved)));
    for (const { body } of refused) {
      const [detail] = body.error.details;
      expect(body.error.code).toBe('budget_exceeded');
      // At an instant that was, less was left than it might have cost.
      expect(Number(detail.remaining_usd)).toBeLessThan(Number(detail.needed_usd));
      expect(left).toContain(Number(detail.remaining_usd));
    }
  });

  it('is exact when clients leave, providers fail, and a process is killed', async () => {
    await begin(IMPATIENT);
    const ask = async (user: TestUser, i: number): Promise<number> => {
      const trouble = random(3) === 0;
      const words = 1 + random(9);
      const model = trouble ? TROUBLE[random(TROUBLE.length)]! : `late-60-${words}`;
      const leave = random(5) === 0 ? AbortSignal.timeout(10 + random(120)) : undefined;
      const body = { message: 'Go', model: `openai/${model}`, max_tokens: 9, stream: i % 3 === 0 };
      const path = body.stream ? '/v1/chat/completions' : '/v1/chat';
      const plain = { message: body.message, model: body.model, max_tokens: body.max_tokens };
      const wire = { messages: [{ role: 'user', content: 'Go' }], model: body.model, max_tokens: 9, stream: true };
      const options = leave ? { signal: leave } : {};
      // Whoever left, or whose process died, hears nothing.
      const answer = await user.post(path, body.stream ? wire : plain, options).catch(() => null);
      return answer?.status ?? 0;
    };
    const asked = Array.from({ length: 200 }, (_, i) => ask(i % 2 === 0 ? alice : moved(alice, second), i));
    await until(
      () => budget(alice),
      ({ spent_usd }) => Number(spent_usd) > 3,
    );
    await second.kill9();
    const statuses = await Promise.all(asked);
    expect(statuses).toContain(200);

    // What the dead process held is given back within its lease.
    const settled = await nothingHeld(alice, 30_000);
    for (const { spent, reserved } of await journal())
      expect(Number(spent) + Number(reserved)).toBeLessThanOrEqual(LIMIT);
    expect(Number(settled.spent_usd)).toBe(Number((await rowsOf()).usd));
    expect(await replicas.database.query('SELECT 1 FROM reservations')).toEqual([]);
    expect(await replicas.database.query('SELECT 1 FROM call_leases')).toEqual([]);
    // Nothing the provider said was for nothing: every request that reached it has its row.
    const billed = await replicas.database.query<{ count: number }>('SELECT count(*)::int FROM usage');
    expect(billed[0]?.count).toBeGreaterThanOrEqual(replicas.openai.requests.length);
  });
});
