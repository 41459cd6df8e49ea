import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { usageRows } from '../support/ledger';
import { type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

const FAULTS = [
  'words-3',
  'words-0',
  'status-400',
  'status-401',
  'status-404',
  'status-429',
  'status-500',
  'status-503',
  'context-length',
  'content-filter',
  'filtered-2',
  'hang',
  'empty',
  'late-150-3',
  'slow-40-3',
  'cut-after-2',
  'end-after-0',
  'end-after-1',
  'error-after-2',
  'malformed-after-1',
  'hang-after-2',
  'dup-end-2',
];
const RUNS = 80;
const TIMEOUT_MS = 1_500;

/** What one target plays, attempt after attempt. */
const target = fc.record({
  provider: fc.constantFrom('openai', 'anthropic', 'vllm'),
  scripts: fc.array(fc.constantFrom(...FAULTS), { minLength: 1, maxLength: 3 }),
});

describe('the router, whatever providers do', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startWorld(({ openai }) => ({
      yaml: `
providers: [ { id: vllm, kind: openai-compatible, base_url: "${openai.url}", api_key: x } ]
timeouts: { first_token: 250ms, idle: 250ms, attempt: 700ms }
retry: { base: 5ms, cap: 20ms }
`,
    }));
    alice = await world.parley.user();
  });
  afterAll(() => world.stop());

  it('lets at most one upstream be heard, bills every attempt once, and ends in time', async () => {
    const property = fc.asyncProperty(
      fc.array(target, { minLength: 1, maxLength: 4 }),
      fc.boolean(),
      fc.boolean(),
      async (targets, race, stream) => {
        const run = randomUUID();
        // The tag says whose words they are: a letter for each target.
        const models = targets.map(({ provider, scripts }, i) => {
          const tag = String.fromCharCode(65 + i);
          return `${provider}/${run}${tag}~${scripts.map((script) => `${tag}!${script}`).join('~')}`;
        });
        const body = {
          messages: [{ role: 'user', content: 'Hi' }],
          stream,
          timeout_ms: TIMEOUT_MS,
          ...(race ? { race: models } : { model: models[0], fallbacks: models.slice(1) }),
        };
        const signal = AbortSignal.timeout(10 * TIMEOUT_MS); // a call that does not end fails here
        const options = { headers: { 'x-request-id': run }, signal };
        const answer = await alice.post('/v1/chat/completions', body, options);

        const text = JSON.stringify(answer.body);
        const heard = new Set([...text.matchAll(/([A-D])(?:zero|one|two|three)/g)].map(([, tag]) => tag));
        expect(heard.size).toBeLessThanOrEqual(1);
        const [who] = heard;
        if (who) expect(answer.headers.get('x-parley-model')).toContain(`${run}${who}`);
        // A whole answer was said whole, in order, once.
        const words = [...text.matchAll(/[A-D](zero|one|two|three)/g)].map(([, word]) => word);
        expect(words).toEqual(['one', 'two', 'three'].slice(0, words.length));

        const sent = [...world.openai.requests, ...world.anthropic.requests].filter(({ body: asked }) =>
          String(asked['model']).startsWith(run),
        );
        await Promise.all(sent.map(({ closed }) => closed));
        const rows = sent.length > 0 ? await usageRows(world.parley, run) : [];
        // Each request has its row. A loser cut off while it was being sent may have one without having been read.
        const unread = rows.map(({ model }) => model);
        for (const { body: asked } of sent)
          expect(unread.splice(unread.indexOf(String(asked['model'])), 1)).toEqual([asked['model']]);
        const lost = rows.filter(({ outcome, superseded }) => outcome === 'cancelled' && superseded);
        expect(lost.map(({ model }) => model)).toEqual(expect.arrayContaining(unread));
        expect(rows.filter(({ superseded }) => !superseded)).toHaveLength(Math.min(sent.length, 1));
        const final = rows.find(({ superseded }) => !superseded);
        const told = answer.status === 200 && !text.includes('"error"') && !text.includes('\\"error\\"');
        if (final) expect(final.outcome === 'success').toBe(told);
        if (who) expect(final?.model).toContain(`${run}${who}`);
      },
    );
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  }, 240_000);
});
