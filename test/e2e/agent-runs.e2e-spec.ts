import { randomUUID } from 'node:crypto';
import { savedAgent } from '../support/agents';
import { limit, settled } from '../support/budgets';
import { Effects } from '../support/effects';
import { usageRows } from '../support/ledger';
import { joined } from '../support/members';
import { approvals } from '../support/run-approvals';
import {
  begin,
  call,
  cancel,
  createRun,
  decide,
  did,
  getRun,
  idOfRun,
  noted,
  RUNS,
  settledRun,
  stepsOf,
  waitingRun,
} from '../support/runs';
import { billedFor, lastOf, OUTCOME, picoUsd, PLAN, PLANNERS, receivedBy, typesOf } from '../support/server-tools';
import { until } from '../support/until';
import { type TestUser } from '../support/user';
import { startWorld, type World } from '../support/world';

jest.setTimeout(60_000);

const PRICE = '{ input_per_mtok: 1, output_per_mtok: 1000 }';
const YAML = `models: [{ id: openai/endless, max_output_tokens: 4096, price: ${PRICE} }, { id: openai/plan, price: ${PRICE} }]
tools: { prices: { current_time: "0.25" } }
outbound: { allowed_networks: [127.0.0.1] }
retry: { attempts: 1 }
budgets: { default_max_tokens: 100 }`;
const TOOLS = ['calculator', 'current_time', 'keyed'];
const unique = (...scripts: string[]) => `openai/${randomUUID()}~${scripts.join('~')}`;

describe('runs', () => {
  let world: World;
  let effects: Effects;
  let alice: TestUser;
  beforeAll(async () => {
    effects = await Effects.start();
    world = await startWorld({ yaml: YAML, env: { ENCRYPTION_KEY: 'a key for what is encrypted at rest' } });
    alice = await world.parley.user();
    await effects.giveTools(alice);
  });
  afterAll(async () => {
    await world.stop();
    await effects.close();
  });

  const create = (body: object, user = alice) => createRun(user, { model: 'demo/echo', tools: TOOLS, ...body });
  const waiting = (input: string, user = alice) => waitingRun(user, input);

  describe('that ask for an approval', () => approvals(() => ({ alice, effects })));

  describe.each(PLANNERS)('of %s', (model) => {
    it('are answered when they have ended, with every step, and cost what was billed', async () => {
      const { status, body, requestId } = await create({ input: PLAN, model });
      expect([status, body.status, body.stop_reason, body.output]).toEqual([201, 'completed', 'answered', OUTCOME]);
      const said = (content: string) => `say ${content}`;
      const [first, ...rest] = stepsOf(body);
      expect([first, ...rest]).toEqual([
        said(''),
        'calculator 42',
        'calculator 1024',
        said(''),
        'calculator 10',
        said(OUTCOME),
      ]);
      const { usd, input, output } = await billedFor(world, requestId);
      expect(body.usage).toMatchObject({ input_tokens: input, output_tokens: output });
      if (body.cost_usd !== null) expect(picoUsd(body.cost_usd)).toBe((usd / 1_000_000n) * 1_000_000n);
      expect(await getRun(alice, body.id)).toEqual(body);
    });

    it('are told as they go, and again from any event on', async () => {
      const live = await alice.stream(RUNS, { input: PLAN, model, tools: TOOLS, stream: true });
      const { run_id: id } = live[0]!.data;
      expect(typesOf(live).filter((type) => type !== 'message.delta')).toEqual([
        'message.start',
        ...['tool.call', 'tool.call', 'tool.result', 'tool.result', 'tool.call', 'tool.result'],
        'message.end',
      ]);
      expect(lastOf(live)).toMatchObject({ run_id: id, status: 'completed', stop_reason: 'answered', output: OUTCOME });
      const path = `${RUNS}/${id}/stream`;
      expect(await alice.stream(path)).toEqual(live);
      for (const [i, { id: last }] of live.entries()) {
        const after = { headers: { 'last-event-id': last! } };
        if (i < live.length - 1) expect(await alice.stream(path, undefined, after)).toEqual(live.slice(i + 1));
        else expect((await alice.get(path, after)).status).toBe(204);
      }
    });

    it('are done in the background', async () => {
      const { status, body } = await create({ input: PLAN, model, background: true });
      expect([status, body.status, body.steps]).toEqual([202, 'queued', []]);
      const events = await alice.stream(`${RUNS}/${body.id}/stream`);
      expect(lastOf(events)).toMatchObject({ status: 'completed', output: OUTCOME });
      expect(await getRun(alice, body.id)).toMatchObject({ status: 'completed', output: OUTCOME });
    });
  });

  it('end with a reason, whatever ends them', async () => {
    const endless = { input: 'Go', model: 'openai/endless' };
    const bob = await world.parley.user();
    await limit(bob, { limit_usd: '0.5' });
    const hanging = { input: 'Go', model: unique('endless', 'hang'), max_duration_ms: 700 };
    const cases: [object, string, string, TestUser][] = [
      [{ ...endless, max_steps: 3 }, 'stopped', 'max_steps', alice],
      [{ ...endless, max_steps: 100, max_cost_usd: '0.1' }, 'stopped', 'max_cost', alice],
      [hanging, 'stopped', 'max_duration', alice],
      [{ ...endless, model: 'openai/stuck' }, 'stopped', 'repeated_call', alice],
      [{ ...endless, max_steps: 100 }, 'stopped', 'budget', bob],
      [{ input: 'Go', model: unique('endless', 'status-400') }, 'failed', 'error', alice],
    ];
    for (const [body, status, stop_reason, user] of cases) {
      const { body: run, requestId } = await create({ ...body, tools: ['calculator'] }, user);
      expect(run).toMatchObject({ status, stop_reason, error: status === 'failed' ? expect.any(Object) : null });
      expect(run.steps.length).toBeGreaterThan(1);
      const { usd } = await billedFor(world, requestId);
      if (run.cost_usd !== null) expect(picoUsd(run.cost_usd)).toBe((usd / 1_000_000n) * 1_000_000n);
      if (stop_reason === 'max_cost') expect(usd).toBeLessThanOrEqual(picoUsd('0.1'));
    }
    const [budget] = await settled(bob);
    expect(Number(budget.spent_usd)).toBeLessThanOrEqual(0.5);
  });

  it('pay for their tools, to the last digit', async () => {
    const input = `${call('current_time', {})}\n${call('calculator', { expression: '1+1' })}`;
    const { body, requestId } = await create({ input, model: 'openai/plan' });
    const { usd, kinds } = await billedFor(world, requestId);
    expect(kinds.sort()).toEqual(['chat', 'chat', 'chat', 'tools']);
    const steps = body.steps.reduce((sum: bigint, step: any) => sum + picoUsd(step.cost_usd), 0n);
    const [stored] = await world.parley.database.query<{ cost_usd: string }>(
      'SELECT cost_usd FROM agent_runs WHERE id = $1',
      [body.id],
    );
    expect([picoUsd(stored!.cost_usd), steps]).toEqual([usd, usd]);
  });

  it('are cancelled wherever they are, and what has ended stays as it was', async () => {
    const model = unique('plan', 'hang');
    const running = await begin(alice, { input: noted('before'), model, tools: TOOLS });
    await until(() => receivedBy(world, model).length === 2);
    expect((await cancel(alice, running)).body).toMatchObject({
      status: 'cancelled',
      stop_reason: 'cancelled',
      error: null,
    });
    expect(stepsOf(await getRun(alice, running))).toEqual(['say ', `keyed ${did('before')}`]);

    const { id: paused } = await waiting(noted('never'));
    expect((await cancel(alice, paused)).body.status).toBe('cancelled');
    expect((await decide(alice, paused, { decision: 'approve' })).body.error.code).toBe('run_not_waiting');
    const { body: done } = await create({ input: 'Hello' });
    expect((await cancel(alice, done.id)).body).toEqual(done);
    const many = await Promise.all(
      Array.from({ length: 20 }, () => create({ input: noted('queued-or-not'), background: true })),
    );
    const ended = await Promise.all(many.map(({ body }) => cancel(alice, body.id)));
    expect(new Set(ended.map(({ body }) => body.status))).not.toContain('queued');
    const now = await Promise.all(many.map(({ body }) => settledRun(alice, body.id)));
    expect(now.map(({ status }) => status)).toEqual(ended.map(({ body }) => body.status));
  });

  it('go on when their client leaves', async () => {
    for (const stream of [true, false]) {
      const [gone, requestId, note] = [new AbortController(), randomUUID(), `left-${stream}`];
      const body = { input: `${noted(`held-${note}`)}\n${noted(note)}`, tools: TOOLS, model: 'openai/plan', stream };
      const asked = alice.send('POST', RUNS, body, { 'x-request-id': requestId }, gone.signal);
      asked.then((answer) => answer.text()).catch(() => undefined);
      await until(() => effects.asked(`held-${note}`).length === 1);
      gone.abort();
      const id = await idOfRun(world.parley.database, requestId);
      effects.release(`held-${note}`);
      expect(await settledRun(alice, id)).toMatchObject({ status: 'completed', stop_reason: 'answered' });
      expect(effects.times(note)).toBe(1);
    }
  });

  it('of a saved agent are of the version that was meant, and act as who runs them', async () => {
    const name = `helper-${randomUUID().slice(0, 8)}`;
    const agent = await savedAgent(alice, { name, instructions: 'One.', model: 'openai/inspect', tools: ['keyed'] });
    await alice.patch(`/v1/agents/${agent.id}`, { instructions: 'Two.' });
    for (const [named, instructions, version] of [
      [`${name}@1`, 'One.', 1],
      [name, 'Two.', 2],
    ] as const) {
      const { body } = await alice.post(RUNS, { agent: named, input: 'Hi' });
      expect(body).toMatchObject({ agent_id: agent.id, agent_version: version, status: 'completed' });
      expect(JSON.parse(body.output).messages[0].content).toBe(instructions);
    }
    const bob = await joined(alice, 'member');
    await limit(alice, { subject: { type: 'member', id: bob.id }, limit_usd: '1' });
    const { body: run, requestId } = await create({ agent: name, input: 'Hi', model: 'openai/plan', tools: [] }, bob);
    expect(run.status).toBe('completed');
    const rows = await usageRows(world.parley, requestId);
    expect(rows.map(({ user_id }) => user_id)).toEqual([bob.id]);
    expect((await alice.get(`${RUNS}/${run.id}`)).body.error.code).toBe('run_not_found');
    const listed = (await bob.get(`${RUNS}?agent_id=${agent.id}`)).body.data;
    expect(listed.map(({ id }: any) => id)).toEqual([run.id]);
    const viewer = await joined(alice, 'viewer');
    expect((await create({ agent: name, input: 'Hi' }, viewer)).status).toBe(403);
  });

  it('fail when who began them may no longer do so', async () => {
    const key = await alice.apiKey({ scopes: ['agents', 'tools', 'chat'] });
    const program = alice.with({ authorization: `Bearer ${key}` });
    const run = await waiting(noted('revoked'), program);
    const keys = (await alice.get('/v1/auth/api-keys')).body.data;
    await alice.delete(`/v1/auth/api-keys/${keys.find(({ prefix }: any) => key.startsWith(prefix)).id}`);
    await decide(alice, run.id, { decision: 'approve' });
    expect(await settledRun(alice, run.id)).toMatchObject({
      status: 'failed',
      stop_reason: 'error',
      error: { code: 'invalid_api_key' },
    });
    const bob = await joined(alice, 'member');
    const theirs = await waiting(noted('removed'), bob);
    await decide(bob, theirs.id, { decision: 'approve' });
    await settledRun(bob, theirs.id);
    const next = await waiting(noted('removed-2'), bob);
    await world.parley.database.query(
      `UPDATE agent_runs SET status = 'queued', job_version = job_version + 1 WHERE id = $1`,
      [next.id],
    );
    await alice.delete(`/v1/workspaces/${alice.workspaceId}/members/${bob.id}`);
    const [ended] = await until(
      () => world.parley.database.query<any>('SELECT status, error FROM agent_runs WHERE id = $1', [next.id]),
      ([row]) => row === undefined || row.status !== 'queued',
    );
    expect(ended?.status).not.toBe('completed');
    expect([effects.times('revoked'), effects.times('removed-2')]).toEqual([0, 0]);
  });

  it('are their user’s alone, and refuse what makes no sense', async () => {
    const bob = await world.parley.user();
    const { id } = await waiting(noted('foreign'));
    for (const path of ['/approve', '/cancel']) {
      const { status, body } = await bob.post(`${RUNS}/${id}${path}`, { decision: 'approve' });
      expect([status, body.error.code]).toEqual([404, 'run_not_found']);
    }
    for (const path of ['', '/stream']) expect((await bob.get(`${RUNS}/${id}${path}`)).status).toBe(404);
    const garbage = [{}, { input: 7 }, { input: 'Hi', max_steps: 0 }, { input: 'Hi', stream: true, background: true }];
    for (const body of [...garbage, { input: 'Hi', tools: 'all' }] as object[]) {
      const answer = await alice.post(RUNS, body);
      expect([answer.status, answer.body.error.code]).toEqual([400, 'validation_failed']);
    }
    expect((await alice.post(RUNS, { input: 'Hi', tools: ['nope'] })).body.error.code).toBe('tool_not_found');
    expect((await alice.post(RUNS, { input: 'Hi', agent: 'nope' })).body.error.code).toBe('agent_not_found');
    for (const body of [{}, { decision: 'maybe' }, { decision: 'edit' }, { decision: 'approve', arguments: {} }]) {
      expect((await decide(alice, id, body)).status).toBe(400);
    }
    for (const call_id of ['nobody', 'call\0']) {
      expect((await decide(alice, id, { decision: 'approve', call_id })).status).toBeLessThan(500);
    }
    for (const reason of ['N\0L', 'half \ud800']) {
      expect((await decide(alice, id, { decision: 'reject', reason })).body.error.code).toBe('validation_failed');
    }
    expect((await decide(alice, id, { decision: 'reject', reason: '\u{1F600}' })).status).toBe(200);
    expect((await settledRun(alice, id)).status).toBe('completed');
    const list = (await alice.get(`${RUNS}?status=completed&limit=2`)).body;
    expect(list.data.map(({ status }: any) => status)).toEqual(['completed', 'completed']);
    expect(list.has_more).toBe(true);
  });

  it('carry any text there is', async () => {
    const odd = 'a\0b\ud800c \u{1F600} "}\\';
    const { body } = await create({ input: noted(odd), model: 'openai/plan' });
    expect(body).toMatchObject({ status: 'completed', stop_reason: 'answered' });
    const named = await create({ input: 'call odd {}\ncall keyed {"note":', model: 'openai/plan' });
    expect(named.body).toMatchObject({ status: 'completed', stop_reason: 'answered' });
    expect(named.body.steps.filter(({ result }: any) => result?.is_error)).toHaveLength(2);
  });
});
