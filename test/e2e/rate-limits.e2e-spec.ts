import { type TestParley } from '../support/parley';
import { Tiers } from '../support/tiers';
import { until } from '../support/until';
import { startUpstream, type Upstream } from '../support/upstreams/upstream';
import { type Answer, type TestUser } from '../support/user';

const RATE = ['limit', 'remaining', 'reset'];
const ratesOf = ({ headers }: { headers: Headers }, of: 'requests' | 'tokens') =>
  RATE.map((what) => headers.get(`x-ratelimit-${what}-${of}`));
const statuses = (answers: Answer[]) => answers.map(({ status }) => status);

const LIMITS = [
  'requests_per_minute: 6, requests_per_day: 1000',
  'requests_per_minute: 1',
  'requests_per_minute: 10',
  'requests_per_minute: 5, requests_per_day: 3',
  'tokens_per_minute: 1000',
  'tokens_per_minute: 1000, requests_per_minute: 100',
  'concurrent: 2, requests_per_minute: 50',
  'concurrent: 2',
  'max_upload: 20mb, max_documents: 7',
  'requests_per_minute: 5, tokens_per_minute: 1000',
];

describe('a tier', () => {
  let openai: Upstream;
  let parley: TestParley;
  let alice: TestUser;
  let tiers: Tiers;
  /** Of Alice. */
  let tier: string;
  beforeAll(async () => {
    openai = await startUpstream('openai');
    tiers = await Tiers.start(LIMITS, { OPENAI_API_KEY: 'sk-x', OPENAI_BASE_URL: openai.url, CORS_ORIGINS: '*' });
    ({ parley } = tiers);
  });
  afterAll(() => Promise.all([parley.stop(), openai.close()]));

  /** Alice is somebody new, of the tier with these limits. */
  const start = async (limits: string) => {
    [alice, tier] = [await tiers.user(limits), tiers.nameOf(limits)];
  };
  const chat = (user: TestUser, fields: object = {}) => user.post('/v1/chat', { message: 'Hi', ...fields });
  const limits = async (): Promise<Record<string, any>> => {
    const { status, body } = await alice.get('/v1/usage/limits');
    expect(status).toBe(200);
    return Object.fromEntries(body.rates.map((rate: { limit: string }) => [rate.limit, rate]));
  };
  const times = async <T>(count: number, ask: (i: number) => Promise<T>) => {
    const answers: T[] = [];
    for (let i = 0; i < count; i++) answers.push(await ask(i));
    return answers;
  };

  describe('with requests a minute', () => {
    it('is told on every answer: plain, streamed, refused and failed', async () => {
      await start('requests_per_minute: 6, requests_per_day: 1000');
      const first = await chat(alice);
      expect(ratesOf(first, 'requests')).toEqual(['6', '5', '1m0s']);
      expect(ratesOf(first, 'tokens')).toEqual([null, null, null]);
      const id = await alice.conversation();
      const streams = [
        ['/v1/chat/stream', { message: 'Hi' }],
        ['/v1/chat/completions', { model: 'demo/echo', messages: [{ role: 'user', content: 'Hi' }], stream: true }],
        [`/v1/conversations/${id}/stream`, { content: 'Hi' }],
      ] as const;
      for (const [i, [path, body]] of streams.entries()) {
        const answer = await alice.send('POST', path, body, {});
        await answer.text();
        expect([answer.status, ratesOf(answer, 'requests').slice(0, 2)]).toEqual([200, ['6', String(4 - i)]]);
      }
      const failed = await chat(alice, { model: 'openai/status-400' });
      expect([failed.status, ratesOf(failed, 'requests')[1]]).toEqual([400, '1']);
      await alice.post(`/v1/conversations/${id}/chat`, { content: 'Hi' });

      const refused = await alice.post(`/v1/conversations/${id}/chat`, { content: 'Hi' });
      expect(refused.status).toBe(429);
      expect(refused.body.error).toMatchObject({
        type: 'rate_limit_error',
        code: 'rate_limit_exceeded',
        message: expect.stringMatching(
          /^This would exceed the 6 requests a minute that the tier '\w+' allows a workspace/,
        ),
        details: [{ limit: 'requests_per_minute', tier, max: 6 }],
      });
      expect(ratesOf(refused, 'requests').slice(0, 2)).toEqual(['6', '0']);
      const wait = Number(refused.headers.get('retry-after'));
      expect(Number.isInteger(wait) && wait > 30 && wait <= 60).toBe(true);
      expect(await alice.messages(id)).toHaveLength(4); // of two turns: the refused one left nothing
    });

    it('does not limit what calls no model, and is not used up by asking', async () => {
      await start('requests_per_minute: 1');
      await times(3, () => alice.get('/v1/models'));
      for (let i = 0; i < 3; i++) {
        const rate = { limit: 'requests_per_minute', subject: 'workspace', window: 'minute' };
        expect((await limits())[rate.limit]).toEqual({ ...rate, max: 1, remaining: 1, resets_at: null });
      }
      expect(statuses(await times(2, () => chat(alice)))).toEqual([200, 429]);
      const used = (await limits())['requests_per_minute'];
      expect(used.remaining).toBe(0);
      expect(Date.parse(used.resets_at) - Date.now()).toBeGreaterThan(30_000);
    });

    it('is not multiplied by keys or members, and is nobody else’s', async () => {
      await start('requests_per_minute: 10');
      const keys = await times(5, async () => parley.anonymous().with({ 'x-api-key': await alice.apiKey() }));
      const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => chat(i % 6 ? keys[(i % 6) - 1]! : alice)));
      expect(statuses(answers).filter((status) => status === 200)).toHaveLength(10);
      expect((await chat(await tiers.user('requests_per_minute: 10'))).status).toBe(200);
    });

    it('counts each request of a batch, all or none', async () => {
      await start('requests_per_minute: 10');
      const batch = (count: number) =>
        alice.post('/v1/chat/batch', { requests: Array.from({ length: count }, () => ({ message: 'Hi' })) });
      const first = await batch(7);
      expect([first.status, first.body.results.length]).toEqual([200, 7]);
      expect(ratesOf(first, 'requests').slice(0, 2)).toEqual(['10', '3']);
      const second = await batch(4);
      expect([second.status, second.headers.has('retry-after')]).toEqual([429, true]);
      expect((await batch(3)).status).toBe(200);
      const never = await batch(11);
      expect([never.status, never.headers.get('retry-after')]).toEqual([429, null]);
      expect(never.headers.get('x-should-retry')).toBe('false');
      expect((await alice.post('/v1/chat/batch', { requests: 'all' })).status).toBe(429);
    });
  });

  it('with requests a day shows the limit that will be used up first', async () => {
    await start('requests_per_minute: 5, requests_per_day: 3');
    const [, , third, fourth] = await times(4, () => chat(alice));
    expect(ratesOf(third!, 'requests').slice(0, 2)).toEqual(['3', '0']);
    expect(fourth!.body.error.details).toEqual([{ limit: 'requests_per_day', tier, max: 3 }]);
    expect(Number(fourth!.headers.get('retry-after'))).toBeGreaterThan(86_000);
    const { requests_per_minute, requests_per_day } = await limits();
    expect([requests_per_minute.remaining, requests_per_day.remaining]).toEqual([2, 0]);
  });

  describe('with tokens a minute', () => {
    const left = async () => (await limits())['tokens_per_minute'].remaining as number;
    const settled = (remaining: number) => until(left, (now) => now === remaining);
    const total = ({ body }: Answer) => body.usage.total_tokens as number;

    it('takes what may be used, and gives back what was not', async () => {
      await start('tokens_per_minute: 1000');
      const answer = await chat(alice, { model: 'openai/words-3', max_tokens: 500 });
      const [limit, remaining, reset] = ratesOf(answer, 'tokens');
      expect([limit, reset]).toEqual(['1000', expect.stringMatching(/^(59s|1m0s|1m1s)$/)]);
      expect(Number(remaining)).toBeLessThan(500); // as long as it was under way
      expect(Number(remaining)).toBeGreaterThan(450);
      await settled(1_000 - total(answer));
    });

    it('counts what was used beyond the estimate, and refuses until it has left', async () => {
      await start('tokens_per_minute: 1000, requests_per_minute: 100');
      const answer = await chat(alice, { model: 'openai/words-2000', max_tokens: 1 });
      expect(total(answer)).toBeGreaterThan(1_500);
      await settled(0);
      const refused = await chat(alice);
      expect(refused.status).toBe(429);
      expect(refused.body.error.message).toMatch(/1000 tokens a minute that the tier '\w+'/);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(30);
      // Not even a request was used up.
      expect((await limits())['requests_per_minute'].remaining).toBe(99);
      expect(ratesOf(refused, 'tokens').slice(0, 2)).toEqual(['1000', '0']);
    });

    it('says at once that a request will never fit', async () => {
      await start('tokens_per_minute: 1000');
      const refused = await chat(alice, { max_tokens: 4_096 });
      expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([429, 'false']);
      expect(refused.headers.get('retry-after')).toBeNull();
      expect(refused.body.error.message).toMatch(/more than the 1000 tokens a minute.*lower max_tokens/);
      expect(await left()).toBe(1_000);
    });

    it.each([
      ['that fails', { model: 'openai/status-500' }],
      ['that is refused', { model: 'openai/status-400' }],
    ])('takes nothing for a call %s', async (_, fields) => {
      await start('tokens_per_minute: 1000');
      expect((await chat(alice, { ...fields, max_tokens: 900 })).status).toBeGreaterThanOrEqual(400);
      await settled(1_000);
    });

    it('gives back what a client that left did not use', async () => {
      await start('tokens_per_minute: 1000');
      for await (const { event } of alice.events('/v1/chat/stream', {
        message: 'Hi',
        model: 'openai/hang-after-3',
        max_tokens: 900,
      })) {
        if (event === 'message.delta') break;
      }
      await until(left, (now) => now > 950 && now < 1_000);
      expect((await chat(alice, { max_tokens: 900 })).status).toBe(200);
    });

    it('counts every model of a race', async () => {
      await start('tokens_per_minute: 1000');
      const race = ['openai/words-3', 'openai/late-60000-1'];
      expect((await chat(alice, { race, max_tokens: 600 })).status).toBe(429);
      expect((await chat(alice, { race, max_tokens: 300 })).status).toBe(200);
    });
  });

  describe('with calls at a time', () => {
    const held = async () => 2 - ((await limits())['concurrent'].remaining as number);
    const allHeld = () => until(held, (count) => count === 2);
    const noneHeld = () => until(held, (count) => count === 0);
    const open = (path: string, body: object) => {
      const gone = new AbortController();
      const ended = alice.stream(path, body, { signal: gone.signal }).catch(() => null);
      return { leave: () => gone.abort(), ended };
    };

    it('refuses one more, and has room when one has ended or its client left', async () => {
      await start('concurrent: 2, requests_per_minute: 50');
      const model = 'openai/hang-after-3';
      const id = await alice.conversation({ model });
      const first = open('/v1/chat/stream', { message: 'Hi', model });
      const second = open(`/v1/conversations/${id}/stream`, { content: 'Hi', on_disconnect: 'cancel' });
      await allHeld();
      const refused = await chat(alice);
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
      expect(refused.body.error.details).toEqual([{ limit: 'concurrent', tier, max: 2 }]);
      expect((await limits())['requests_per_minute'].remaining).toBe(48);
      first.leave();
      second.leave();
      await noneHeld();
      expect((await chat(alice)).status).toBe(200);
    });

    it.each([
      ['fails', '/v1/chat', { message: 'Hi', model: 'openai/status-500' }],
      ['is cut', '/v1/chat', { message: 'Hi', model: 'openai/cut-after-2' }],
      ['is refused by us', '/v1/chat', { message: 'Hi', model: 'nobody/knows' }],
      ['is complete', '/v1/chat/completions', { model: 'demo/echo', messages: [{ role: 'user', content: 'Hi' }] }],
    ])('keeps no place for a call that %s', async (_, path, body) => {
      await start('concurrent: 2');
      await Promise.all([alice.post(path, body), alice.post(path, body)]);
      await noneHeld();
    });

    it('keeps the place of an answer nobody listens to any more', async () => {
      await start('concurrent: 2');
      const model = 'openai/hang-after-3';
      const id = await alice.conversation({ model });
      const { leave, ended } = open(`/v1/conversations/${id}/stream`, { content: 'Hi' });
      await until(held, (count) => count === 1);
      const [, answer] = await until(
        () => alice.messages(id),
        ([, running]) => running?.content === 'one two three',
      );
      leave();
      await ended;
      expect(await held()).toBe(1);
      await alice.post(`/v1/conversations/${id}/messages/${answer.id}/cancel`);
      await noneHeld();
    });

    it('lets the requests of a batch take turns', async () => {
      await start('concurrent: 2');
      const requests = Array.from({ length: 8 }, () => ({ message: 'Hi', model: 'openai/slow-5-3' }));
      const { body } = await alice.post('/v1/chat/batch', { requests });
      expect(body.results.map(({ content }: { content?: string }) => content)).toEqual(Array(8).fill('one two three'));
    });
  });

  it('that limits nothing, and none at all, let everything pass without a word of it', async () => {
    await start('max_upload: 20mb, max_documents: 7');
    const answers = await times(30, () => chat(alice));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    expect(ratesOf(answers[0]!, 'requests')).toEqual([null, null, null]);
    expect((await alice.get('/v1/usage/limits')).body).toEqual({
      tier,
      rates: [],
      documents: { max_upload_bytes: 20 * 1024 * 1024, max_documents: 7 },
      budgets: [],
    });
    alice = await parley.user();
    expect((await alice.get('/v1/usage/limits')).body).toEqual({
      tier: null,
      rates: [],
      documents: { max_upload_bytes: 100 * 1024 * 1024, max_documents: null },
      budgets: [],
    });
  });

  it('is told to browsers of other origins, and in the documentation', async () => {
    await start('requests_per_minute: 5, tokens_per_minute: 1000');
    const answer = await alice.send('POST', '/v1/chat', { message: 'Hi' }, { origin: 'https://app.example.com' });
    const exposed = answer.headers.get('access-control-expose-headers')!.split(',');
    const told = ['requests', 'tokens'].flatMap((of) => RATE.map((what) => `x-ratelimit-${what}-${of}`));
    expect(exposed).toEqual(expect.arrayContaining([...told, 'retry-after']));
    const { responses } = (parley.contract.document as any).paths['/v1/chat'].post;
    for (const status of ['200', '429'])
      expect(Object.keys(responses[status].headers)).toEqual(expect.arrayContaining(told));
  });
});
