import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { noLeases, type UsageRow } from '../support/ledger';
import { connectionsTo, seesSockets } from '../support/sockets';
import { until } from '../support/until';
import { type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

const CALLS = 120;
const AT_A_TIME = 6;
const TARGETS = 3;
const SEED = 2026;

/** Slow, silent, failing and coming back: whatever a call is doing when its client leaves. */
const SCRIPTS = ['hang', 'slow-20', 'late-80-20', 'hang-after-2', 'status-500', 'limit-1', 'empty', 'cut-after-2'];
const call = fc.record({
  way: fc.constantFrom('whole', 'stream', 'conversation', 'conversation stream'),
  race: fc.boolean(),
  targets: fc.array(fc.tuple(fc.constantFrom('openai', 'anthropic'), fc.constantFrom(...SCRIPTS)), {
    minLength: 1,
    maxLength: TARGETS,
  }),
  leavesAfterMs: fc.integer({ min: 0, max: 250 }),
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

describe('clients that leave at any moment', () => {
  let world: World;
  let alice: TestUser;
  /** How much slower than a quick machine this one is: the moments are as many times later. */
  let slowness: number;
  beforeAll(async () => {
    world = await startWorld({ yaml: 'retry: { base: 200ms, cap: 200ms }\nbreaker: { minimum: 1000 }' });
    alice = await world.parley.user();
    const quick = () => alice.post('/v1/chat', { message: 'Hi', model: 'openai/instant' });
    await quick();
    const began = performance.now();
    await Promise.all(Array.from({ length: AT_A_TIME }, quick));
    slowness = Math.max(1, (performance.now() - began) / 50);
  });
  afterAll(() => world.stop());

  const path = async (way: Call['way']) =>
    way.startsWith('conversation')
      ? `/v1/conversations/${await alice.conversation()}/${way === 'conversation' ? 'chat' : 'stream'}`
      : '/v1/chat/completions';
  const open = () => world.openai.open() + world.anthropic.open();
  const leave = async ({ way, race, targets, leavesAfterMs }: Call) => {
    const [model, ...more] = targets.map(([provider, script]) => `${provider}/${script}`);
    const said = way.startsWith('conversation')
      ? { content: 'Hi' }
      : { messages: [{ role: 'user', content: 'Hi' }], stream: way === 'stream' };
    const asked = {
      ...said,
      on_disconnect: 'cancel',
      model,
      ...(more.length > 0 && { [race ? 'race' : 'fallbacks']: more }),
    };
    const where = await path(way);
    const gone = new AbortController();
    const answer = alice.send('POST', where, asked, { 'x-request-id': randomUUID() }, gone.signal);
    const left = answer
      .then((response) => response.text())
      .catch((error: unknown) => {
        if (!gone.signal.aborted) throw error;
      });
    await sleep(leavesAfterMs * slowness); // the moment is what varies
    gone.abort();
    await left;
  };

  it('leave nothing behind: no upstream at work, no lease, no running answer, one row that counts', async () => {
    const calls = fc.sample(call, { numRuns: CALLS, seed: SEED });
    const worker = async () => {
      for (let next = calls.pop(); next; next = calls.pop()) await leave(next);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, worker));
    await until(open, (count) => count === 0, 1_000);
    await noLeases(world.parley);
    const { database } = world.parley;
    await until(
      () => database.query(`SELECT id FROM messages WHERE status = 'running'`),
      (running) => running.length === 0,
    );

    const rows = await database.query<UsageRow & { counting: number }>(
      `SELECT *, count(*) FILTER (WHERE NOT superseded) OVER (PARTITION BY call_id)::int AS counting FROM usage`,
    );
    expect(new Set(rows.map(({ counting }) => counting))).toEqual(new Set([1]));
    expect(new Set(rows.map(({ call_id }) => call_id)).size).toBeGreaterThan(CALLS / 2);
    expect(rows.filter(({ outcome }) => outcome === 'cancelled').length).toBeGreaterThan(CALLS / 4);
    expect(world.parley.logs.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
  });

  (seesSockets ? it : it.skip)('leave no more connections than were ever used at once', () => {
    const atOnce = AT_A_TIME * TARGETS;
    expect(world.openai.requests.length + world.anthropic.requests.length).toBeGreaterThan(3 * atOnce);
    expect(connectionsTo(world.openai.port, world.anthropic.port)).toBeLessThanOrEqual(atOnce);
  });
});
