import { type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

const YAML = `
models:
  - { id: openai/cheap, max_output_tokens: 1000, price: { input_per_mtok: 1, output_per_mtok: 2 } }
  - { id: openai/dear, max_output_tokens: 1000, price: { input_per_mtok: 10, output_per_mtok: 20 } }
routes:
  either: { targets: [ { model: openai/cheap }, { model: openai/dear } ] }
  both: { strategy: race, targets: [ { model: openai/cheap }, { model: openai/dear } ] }
`;

describe('POST /v1/usage/estimate', () => {
  let world: World;
  let alice: TestUser;
  beforeAll(async () => {
    world = await startWorld({ yaml: YAML });
    alice = await world.parley.user();
  });
  afterAll(() => world.stop());

  const estimate = async (body: object) => {
    const { status, body: answer } = await alice.post('/v1/usage/estimate', body);
    expect(status).toBe(200);
    return answer;
  };
  const usd = (micro: number) => `${Math.floor(micro / 1e6)}.${String(micro % 1e6).padStart(6, '0')}`;

  it('says what a chat would cost at most, and neither asks nor bills', async () => {
    const told = await estimate({ model: 'openai/cheap', message: 'Hello big world', max_tokens: 100 });
    const most = usd(Number(told.targets[0].input_tokens_upper) + 200);

    expect(told).toEqual({
      model: 'openai/cheap',
      targets: [
        {
          model: 'openai/cheap',
          provider: 'openai',
          input_tokens: 10, // three words, four of framing, three before the answer
          input_tokens_upper: expect.any(Number),
          max_output_tokens: 100,
          worst_case_cost_usd: most,
          unpriced: false,
        },
      ],
      worst_case_cost_usd: most,
    });
    expect(told.targets[0].input_tokens_upper).toBeGreaterThan(10);
    expect(world.openai.requests).toHaveLength(0);
    expect(await alice.usage()).toMatchObject({ totals: { requests: 0 } });
  });

  it('takes the dearest of a chain and the sum of a race', async () => {
    const of = async (model: string) => (await estimate({ model, message: 'Hello' })).worst_case_cost_usd;
    const sum = Number(await of('openai/cheap')) + Number(await of('openai/dear'));
    expect(await of('either')).toBe(await of('openai/dear'));
    expect(Number(await of('both'))).toBeCloseTo(sum, 9);
    const race = { race: ['openai/cheap', 'openai/dear'], message: 'Hello' };
    expect(Number((await estimate(race)).worst_case_cost_usd)).toBeCloseTo(sum, 9);
  });

  it('knows no cost of a model without a price', async () => {
    const body = { model: 'openai/cheap', fallbacks: ['openai/nobody-priced-it'], message: 'Hello' };
    expect(await estimate(body)).toMatchObject({
      targets: [{ unpriced: false }, { unpriced: true, worst_case_cost_usd: null, max_output_tokens: 32_768 }],
      worst_case_cost_usd: null,
    });
  });

  it("takes OpenAI's body too, and counts as many answers as it asks for", async () => {
    const messages = [{ role: 'user', content: 'Hello' }];
    const body = { model: 'openai/cheap', messages, max_completion_tokens: 50, n: 3, stream: true };
    expect(await estimate(body)).toMatchObject({ targets: [{ max_output_tokens: 150 }] });
  });

  it('is of what would be sent under a budget, where answers are of limited length', async () => {
    const thrifty = await world.parley.user();
    const subject = { type: 'workspace', id: thrifty.workspaceId };
    await thrifty.put('/v1/budgets', { subject, period: 'day', limit_tokens: 1_000_000 });
    for (const [model, most] of [
      ['openai/cheap', 1_000],
      ['openai/nobody-priced-it', 4_096],
    ] as const) {
      const { body } = await thrifty.post('/v1/usage/estimate', { model, message: 'Hello' });
      expect(body.targets).toMatchObject([{ max_output_tokens: most }]);
      await thrifty.post('/v1/chat', { model, message: 'Hello' });
      const { max_tokens, max_completion_tokens } = world.openai.requests.at(-1)!.body as Record<string, number>;
      expect(max_completion_tokens ?? max_tokens).toBe(most);
    }
  });

  it.each([
    ['a model that is not there', { model: 'nobody/has-it', message: 'x' }, 'model_not_found'],
    [
      'a picture for a model without eyes',
      { model: 'openai/gpt-4', message: [{ type: 'image_url', image_url: { url: 'https://images.test/a.png' } }] },
      'unsupported_parameter',
    ],
    ['an unknown field', { model: 'openai/cheap', message: 'x', nonsense: 1 }, 'validation_failed'],
  ])('refuses %s as the call would be', async (_, body, code) => {
    const { status, body: answer } = await alice.post('/v1/usage/estimate', body);
    expect(status).toBe(400);
    expect(answer.error.code).toBe(code);
  });
});
