import { setTimeout as sleep } from 'node:timers/promises';
import { noLeases, type UsageRow } from '../support/ledger';
import { until } from '../support/until';
import { type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

const SCRIPTS = [
  'echo',
  'words-3',
  'slow-15-6',
  'reasoning',
  'tools-2',
  'cut-after-2',
  'end-after-1',
  'error-after-2',
  'malformed-after-1',
  'hang-after-2',
  'hang',
  'empty',
  'status-429',
  'status-500',
  'context-length',
  'no-usage',
];
const REQUESTS = 400;
const AT_A_TIME = 25;

/** The same choices in every run; what they meet is up to the machine. Park–Miller. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => (state = (state * 48_271) % 2_147_483_647) % sides;
}

describe('everything at once', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startWorld();
    alice = await world.parley.user();
  });
  afterAll(() => world.stop());

  it('bills every call once, leaves nothing open and nothing running', async () => {
    const roll = dice(2026);
    const conversations = await Promise.all(Array.from({ length: 8 }, () => alice.conversation()));
    const statuses = new Map<number, number>();

    /** One request of any kind; every third client leaves at some moment, and silent models are given up. */
    const one = async () => {
      const model = `${roll(2) ? 'openai' : 'anthropic'}/${SCRIPTS[roll(SCRIPTS.length)]!}`;
      const content = `question ${roll(100)}`;
      const on_disconnect = roll(2) ? 'cancel' : 'continue';
      const common = { model, timeout_ms: 250, on_disconnect };
      const messages = [{ role: 'user', content }];
      const conversation = conversations[roll(conversations.length)]!;
      const kinds: [string, object][] = [
        ['/v1/chat', { message: content }],
        ['/v1/chat/stream', { message: content }],
        ['/v1/chat/completions', { messages }],
        ['/v1/chat/completions', { messages, stream: true }],
        [`/v1/conversations/${conversation}/chat`, { content }],
        [`/v1/conversations/${conversation}/stream`, { content }],
      ];
      const [path, body] = kinds[roll(kinds.length)]!;
      const gone = new AbortController();
      const leaves = roll(3) === 0 ? sleep(roll(120)).then(() => gone.abort()) : null;
      try {
        const answer = await alice.send('POST', path, { ...common, ...body }, {}, gone.signal);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        await answer.text();
      } catch (error) {
        if (!gone.signal.aborted) throw error;
      }
      await leaves;
    };
    let left = REQUESTS;
    const worker = async () => {
      while (left-- > 0) await one();
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));

    expect([...statuses.keys()].sort()).toEqual([200, 400, 409, 502, 503, 504]);
    await noLeases(world.parley, 5_000);
    await until(() => world.openai.open() + world.anthropic.open() === 0, Boolean, 5_000);
    const { database } = world.parley;
    const reached = [...world.openai.requests, ...world.anthropic.requests].map(
      ({ headers }) => headers['x-request-id'],
    );
    expect(reached.length).toBeGreaterThan(REQUESTS / 2);
    const attempts = await database.query<UsageRow & { request_id: string }>(
      'SELECT * FROM usage WHERE NOT superseded',
    );
    const rows = attempts.filter(({ superseded }) => !superseded);
    const billed = rows.map(({ request_id }) => request_id);
    expect(new Set(billed).size).toBe(billed.length);
    expect(billed).toEqual(expect.arrayContaining(reached));
    // A call may end on its way, when its client leaves or its time is up; the provider may have seen it, so it counts.
    const unseen = rows.filter(({ request_id }) => !reached.includes(request_id));
    for (const { outcome, error_code, output_tokens } of unseen) {
      expect(['cancelled', 'upstream_timeout']).toContain(error_code ?? outcome);
      expect(output_tokens).toBe(0);
    }
    expect(unseen.length).toBeLessThan(REQUESTS / 10);
    expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(['success', 'error', 'cancelled']));

    // Every turn that began has ended, in a way that makes sense, and its answer follows its question.
    for (const id of conversations) {
      const stored = await alice.messages(id);
      for (const [i, message] of stored.entries()) {
        expect(message.role).toBe(i % 2 ? 'assistant' : 'user');
        expect(message.parent_id).toBe(stored[i - 1]?.id ?? null);
        if (message.role === 'user') continue;
        const { status, error, finish_reason, usage, content } = message;
        expect(['complete', 'partial', 'failed', 'cancelled']).toContain(status);
        expect([status, error === undefined]).toEqual([status, status === 'complete']);
        if (status === 'complete') expect([finish_reason, usage]).toEqual([expect.any(String), expect.anything()]);
        if (status === 'failed') expect(content).toBe('');
      }
    }
    expect(world.parley.logs.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
    expect((await alice.get('/ready')).status).toBe(200);
  });
});
