import { randomUUID } from 'node:crypto';
import { limit, settled } from './budgets';
import { noLeases } from './ledger';
import {
  ask,
  billedFor,
  CALCULATOR,
  lastOf,
  picoUsd,
  receivedBy,
  resultsIn,
  said,
  tightUser,
  typesOf,
} from './server-tools';
import { until, within } from './until';
import { type TestUser } from './user';
import { sdk, type World } from './world';

/**
 * What ends a model that calls tools for ever. Of the same application as the other tests of server tools.
 * @param given where it runs, once that is there
 */
export function endlessCalls(provider: string, given: () => { world: World; alice: TestUser }): void {
  let world: World;
  let alice: TestUser;
  beforeAll(() => ({ world, alice } = given()));

  const unique = (script: string) => `${provider}/${randomUUID()}/${script}`;
  const steps = (count: number) => Array.from({ length: count }, (_, i) => `Step ${i + 1}.`).join('\n\n');

  it('end with max_steps, the last calls left undone', async () => {
    const model = unique('endless');
    const { body } = await ask(alice, { message: 'Go', model, ...CALCULATOR, max_steps: 4 });
    expect(body).toMatchObject({ content: steps(4), finish_reason: 'length', stop_reason: 'max_steps' });
    expect(body.tool_calls.map(({ result }: any) => result?.content)).toEqual(['2', '3', '4', undefined]);
    expect(receivedBy(world, model)).toHaveLength(4);
  });

  it('end with max_cost, and cost no more', async () => {
    for (const max_cost_usd of ['0.0201', '0.023', '0.0305', '0.1']) {
      const asked = { message: 'Go', model: `${provider}/endless`, ...CALCULATOR, max_cost_usd, max_steps: 100 };
      const { body, requestId } = await ask(alice, asked);
      expect(body).toMatchObject({ finish_reason: 'length', stop_reason: 'max_cost' });
      const { usd } = await billedFor(world, requestId);
      expect(usd).toBeGreaterThan(picoUsd(max_cost_usd) / 2n);
      expect(usd).toBeLessThanOrEqual(picoUsd(max_cost_usd));
      expect(picoUsd(body.cost_usd) / 1_000_000n).toBe(usd / 1_000_000n);
    }
    const refused = await ask(alice, {
      message: 'Go',
      model: `${provider}/endless`,
      ...CALCULATOR,
      max_cost_usd: '0.0001',
    });
    expect([refused.status, refused.body.error.code]).toEqual([400, 'max_cost_reached']);
  });

  it('end with max_duration, in the middle of a call', async () => {
    const model = unique(`${randomUUID()}~endless~hang`);
    const body = { message: 'Go', model, ...CALCULATOR, max_duration_ms: 1_500 };
    const events = await alice.stream('/v1/chat/stream', body);
    expect(lastOf(events)).toMatchObject({ finish_reason: 'length', stop_reason: 'max_duration' });
    expect(typesOf(events)).toContain('tool.result');
    expect(receivedBy(world, model)).toHaveLength(2);
  });

  it('end with max_duration before anything was said', async () => {
    const asked = { model: `${provider}/hang`, ...CALCULATOR, max_duration_ms: 50 };
    expect((await ask(alice, { message: 'Go', ...asked })).body).toMatchObject({
      content: '',
      stop_reason: 'max_duration',
    });
    const events = await alice.stream('/v1/chat/stream', { message: 'Go', ...asked });
    expect(typesOf(events)).toEqual(['message.start', 'message.end']);
    const streamed = (await sdk(alice)).chat.completions.stream({ messages: said('Go'), ...asked });
    const chunks: any[] = [];
    streamed.on('chunk', (chunk) => chunks.push(chunk));
    await streamed.done().catch(() => undefined); // the SDK takes `length` for a failure
    expect(chunks.at(-1).choices).toMatchObject([{ finish_reason: 'length', delta: { stop_reason: 'max_duration' } }]);
  });

  it('end when it repeats itself, after it was told', async () => {
    const model = unique('stuck');
    const { body } = await ask(alice, { message: 'Go', model, ...CALCULATOR });
    expect(body).toMatchObject({ content: steps(3), finish_reason: 'length', stop_reason: 'repeated_call' });
    const sent = receivedBy(world, model);
    expect(sent).toHaveLength(3);
    const [first, second] = resultsIn(sent[2]);
    expect(first).toBe('2');
    expect(second).toMatch(/^2\n\[You made this very call before/);
  });

  it('end with the budget of the workspace', async () => {
    const bob = await world.parley.user();
    await limit(bob, { limit_usd: '0.5' });
    const { body, requestId } = await ask(bob, {
      message: 'Go',
      model: `${provider}/endless`,
      ...CALCULATOR,
      max_steps: 500,
    });
    expect(body).toMatchObject({ finish_reason: 'length', stop_reason: 'budget' });
    const [budget] = await settled(bob);
    const { usd } = await billedFor(world, requestId);
    expect(usd).toBeLessThanOrEqual(picoUsd('0.5'));
    expect(picoUsd(budget.spent_usd) / 1_000_000n).toBe(usd / 1_000_000n);
    const refused = await ask(bob, { message: 'Go', model: `${provider}/endless`, max_tokens: 499, ...CALCULATOR });
    expect([refused.status, refused.body.error.code]).toEqual([429, 'budget_exceeded']);
  });

  it('end as a failure where the tier has no tokens left, and what was done is kept', async () => {
    const bob = await tightUser(world);
    const id = await bob.conversation();
    const asked = { content: 'Go', model: `${provider}/endless`, ...CALCULATOR, max_steps: 500, max_tokens: 10 };
    const { status, body } = await bob.post(`/v1/conversations/${id}/chat`, asked);
    expect([status, body.error.code]).toEqual([429, 'rate_limit_exceeded']);
    const [question, answer] = await bob.messages(id);
    expect(question).toMatchObject({ role: 'user', content: 'Go' });
    expect(answer).toMatchObject({ status: 'partial', stop_reason: 'error', error: { code: 'rate_limit_exceeded' } });
    expect(answer.tool_calls).not.toEqual([]);
    for (const { result } of answer.tool_calls) expect(result).toMatchObject({ is_error: false });
    expect(answer.content).toBe(steps(answer.tool_calls.length));
  });

  it('end when the answer is cancelled, with what was said and done', async () => {
    const id = await alice.conversation();
    const model = unique(`${randomUUID()}~endless~endless~hang-after-1`);
    const listening = alice.stream(`/v1/conversations/${id}/stream`, { content: 'Go', model, ...CALCULATOR });
    await until(() => receivedBy(world, model).length === 3);
    const [, { id: mid }] = await alice.messages(id);
    const { body } = await alice.post(`/v1/conversations/${id}/messages/${mid}/cancel`);
    expect(body).toMatchObject({ status: 'cancelled', finish_reason: 'cancelled', stop_reason: 'cancelled' });
    expect(body.tool_calls.map(({ result }: any) => result.content)).toEqual(['2', '3']);
    expect(lastOf(await listening)).toMatchObject({
      finish_reason: 'cancelled',
      stop_reason: 'cancelled',
      message: body,
    });
    expect(receivedBy(world, model)).toHaveLength(3);
  });

  it('end when the client leaves', async () => {
    const model = unique(`${randomUUID()}~endless~hang`);
    const [requestId, gone] = [randomUUID(), new AbortController()];
    const leaving = alice.send(
      'POST',
      '/v1/chat/stream',
      { message: 'Go', model, ...CALCULATOR },
      { 'x-request-id': requestId },
      gone.signal,
    );
    leaving.then((response) => response.text()).catch(() => undefined);
    await until(() => receivedBy(world, model).length === 2);
    const upstream = provider === 'openai' ? world.openai : world.anthropic;
    const hanging = upstream.requests.findLast(({ body }) => model.endsWith(`/${String(body['model'])}`))!;
    gone.abort();
    await within(5_000, hanging.closed);
    expect(hanging.aborted).toBe(true);
    await noLeases(world.parley);
    expect((await billedFor(world, requestId)).outcomes).toEqual(['success', 'cancelled']);
    expect(receivedBy(world, model)).toHaveLength(2);
  });
}
