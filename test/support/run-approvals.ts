import { savedAgent } from './agents';
import { collection, settled, text } from './documents';
import { type Effects } from './effects';
import { call, cancel, createRun, decide, did, getRun, noted, RUNS, settledRun, stepsOf, waitingRun } from './runs';
import { lastOf, PLANNERS, typesOf } from './server-tools';
import { startToolServer } from './tool-server';
import { until } from './until';
import { type TestUser } from './user';

/**
 * What becomes of calls somebody has to decide about. Of the same application as the other tests of runs.
 * @param given where it runs, once that is there
 */
export function approvals(given: () => { alice: TestUser; effects: Effects }): void {
  let alice: TestUser;
  let effects: Effects;
  beforeAll(() => ({ alice, effects } = given()));

  it('wait for an approval, and go on', async () => {
    const run = await waitingRun(alice, noted('approved'));
    const [callId] = run.steps.flatMap(({ call_id }: any) => call_id ?? []);
    expect(run.steps[1]).toMatchObject({ status: 'waiting', wait_reason: 'approval', call_id: callId });
    expect(effects.times('approved')).toBe(0);
    const paused = await alice.stream(`${RUNS}/${run.id}/stream`);
    expect(typesOf(paused)).toEqual(['message.start', 'tool.call', 'approval.required', 'message.end']);
    expect(paused[2]!.data).toMatchObject({ call_id: callId, name: 'keyed' });

    expect((await decide(alice, run.id, { call_id: callId, decision: 'approve' })).status).toBe(200);
    const rest = await alice.stream(`${RUNS}/${run.id}/stream`, undefined, {
      headers: { 'last-event-id': paused.at(-1)!.id! },
    });
    expect(lastOf(rest)).toMatchObject({ status: 'completed', output: did('approved') });
    expect(effects.times('approved')).toBe(1);
    expect((await decide(alice, run.id, { decision: 'approve' })).body.error.code).toBe('run_not_waiting');
  });

  it.each(PLANNERS)('are part of what %s does with five tools', async (model) => {
    const site = await startToolServer((_, response) => response.end('Closed on Sundays.'));
    const { id } = await text(alice, await collection(alice), 'Leave', 'There are 28 days of paid leave.');
    await settled(alice, id);
    const tools = ['current_time', 'calculator', 'search_documents', 'read_document', 'http_get'];
    const steps = [
      `${call('current_time', {})} & ${call('calculator', { expression: '28 / 4' })}`,
      call('search_documents', { query: 'paid leave' }),
      call('read_document', { document_id: id }),
      call('http_get', { url: `${site.url}/hours` }),
    ];
    const asked = await createRun(alice, { input: steps.join('\n'), model, tools, approve: ['http_get'] });
    expect(asked.body.status).toBe('waiting_for_approval');
    expect(site.asked).toEqual([]);
    await decide(alice, asked.body.id, { decision: 'approve' });
    const run = await settledRun(alice, asked.body.id);
    expect(run).toMatchObject({ status: 'completed', stop_reason: 'answered' });
    const results = run.steps.flatMap(({ name, result }: any) => (result ? [[name, result.content]] : []));
    expect(results).toEqual([
      ['current_time', expect.stringMatching(/T\d\d:\d\d/)],
      ['calculator', '7'],
      ['search_documents', expect.stringContaining('28 days')],
      ['read_document', expect.stringContaining('28 days')],
      ['http_get', expect.stringContaining('Closed on Sundays.')],
    ]);
    await site.close();
  });

  it('tell the model of a rejection, and of other arguments', async () => {
    const rejected = await waitingRun(alice, noted('rejected'));
    await decide(alice, rejected.id, { decision: 'reject', reason: 'Not on Sundays.' });
    const { status, output } = await settledRun(alice, rejected.id);
    expect([status, output]).toEqual([
      'completed',
      'A person decided that this call is not executed. Their reason: Not on Sundays.',
    ]);
    const edited = await waitingRun(alice, noted('original'));
    await decide(alice, edited.id, { decision: 'edit', arguments: { note: 'edited' } });
    expect((await settledRun(alice, edited.id)).output).toContain(did('edited'));
    expect(['rejected', 'original', 'edited'].map((note) => effects.times(note))).toEqual([0, 0, 1]);
  });

  it('take other arguments for one call, and only what its tool takes', async () => {
    const run = await waitingRun(alice, `${noted('fits-1')} & ${noted('fits-2')}`);
    const [call_id] = run.steps.flatMap(({ call_id }: any) => call_id ?? []);
    const edits = [
      { decision: 'edit', arguments: { note: 'all' } },
      { decision: 'edit', arguments: { nothing: 1 }, call_id },
      { decision: 'edit' },
      { decision: 'approve', arguments: { note: 'x' } },
    ];
    for (const edit of edits) {
      const { status, body } = await decide(alice, run.id, edit);
      expect([edit, status, body.error.code]).toEqual([edit, 400, 'validation_failed']);
    }
    await decide(alice, run.id, { decision: 'edit', arguments: { note: 'fitted' }, call_id });
    await decide(alice, run.id, { decision: 'reject' });
    await settledRun(alice, run.id);
    expect(['all', 'fitted', 'fits-1', 'fits-2'].map((note) => effects.times(note))).toEqual([0, 1, 0, 0]);
    const decided = (await getRun(alice, run.id)).steps.filter(({ type }: any) => type === 'tool_call');
    expect(decided.map(({ decided_by }: any) => decided_by)).toEqual([alice.id, alice.id]);
  });

  it('are not decided by who may not use tools', async () => {
    const { id } = await waitingRun(alice, noted('narrow'));
    const narrow = alice.with({ 'x-api-key': await alice.apiKey({ scopes: ['agents'] }) });
    const { status, body } = await decide(narrow, id, { decision: 'approve' });
    expect([status, body.error.code]).toEqual([403, 'insufficient_scope']);
    expect((await cancel(narrow, id)).body.status).toBe('cancelled');
    expect(effects.times('narrow')).toBe(0);
  });

  it('are void for a tool that was made anew meanwhile', async () => {
    const bob = await alice.parley.user();
    await effects.giveTools(bob);
    const { id } = await waitingRun(bob, noted('anew'));
    const { data } = (await bob.get('/v1/tools/custom')).body;
    for (const tool of data) await bob.delete(`/v1/tools/custom/${tool.id}`);
    await effects.giveTools(bob);
    await decide(bob, id, { decision: 'approve' });
    const run = await settledRun(bob, id);
    expect(run.output).toMatch(/Not executed: the tool is another one/);
    expect(effects.times('anew')).toBe(0);
  });

  it('of a saved agent can’t be done away with, nor its limits be raised', async () => {
    const name = `guarded-${Date.now()}`;
    await savedAgent(alice, { name, model: 'demo/echo', tools: ['keyed'], approve: ['keyed'], max_steps: 2 });
    const asked = { agent: name, input: noted('guarded'), approve: [], max_steps: 20 };
    const { body } = await alice.post(RUNS, asked);
    expect(body).toMatchObject({ status: 'waiting_for_approval', approve: ['keyed'], max_steps: 2 });
    await decide(alice, body.id, { decision: 'approve' });
    expect(await settledRun(alice, body.id)).toMatchObject({ status: 'completed', output: did('guarded') });
  });

  it('are not asked for where a limit ends the run before', async () => {
    const asked = { input: noted('too-late'), tools: ['keyed'], approve: ['keyed'], max_steps: 1, model: 'demo/echo' };
    const { body } = await alice.post(RUNS, asked);
    expect([body.status, body.stop_reason]).toEqual(['stopped', 'max_steps']);
  });

  it('are not waited for in a run that kills whoever carries it on', async () => {
    const { id } = await waitingRun(alice, noted('deadly'));
    await alice.parley.database.query(
      `UPDATE agent_runs SET status = 'running', lease_owner = gen_random_uuid(), lease_expires_at = now() - interval '1 second',
         deaths = 4 WHERE id = $1`,
      [id],
    );
    const run = await until(
      () => getRun(alice, id),
      ({ status }) => status === 'failed',
    );
    expect(run).toMatchObject({ stop_reason: 'error', error: { code: 'interrupted' } });
  });

  it('wait until every call is decided, each once', async () => {
    const run = await waitingRun(alice, `${noted('both-1')} & ${noted('both-2')}`);
    const [first, second] = run.steps.flatMap(({ call_id }: any) => call_id ?? []);
    expect((await decide(alice, run.id, { call_id: first, decision: 'approve' })).body.status).toBe(
      'waiting_for_approval',
    );
    const again = await decide(alice, run.id, { call_id: first, decision: 'reject' });
    expect([again.status, again.body.error.code]).toEqual([409, 'tool_call_not_waiting']);
    expect(effects.times('both-1')).toBe(0);
    await decide(alice, run.id, { call_id: second, decision: 'reject' });
    expect(stepsOf(await settledRun(alice, run.id))[1]).toBe(`keyed ${did('both-1')}`);
    expect([effects.times('both-1'), effects.times('both-2')]).toEqual([1, 0]);
  });

  it('are decided about once, however many decide, cancel and let them expire at once', async () => {
    const expire = (id: string) =>
      alice.parley.database.query('UPDATE agent_runs SET decide_by = now() WHERE id = $1', [id]);
    for (let i = 0; i < 3; i++) {
      const note = `raced-${i}`;
      const { id } = await waitingRun(alice, noted(note));
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, n) => {
          if (n === 3 && i > 0) return cancel(alice, id);
          if (n === 4 && i > 1) return expire(id).then(() => ({ status: 0 }));
          return decide(alice, id, { decision: n % 2 === 0 ? 'approve' : 'reject' });
        }),
      );
      const decided = answers.filter(({ status }) => status === 200).length - (i > 0 ? 1 : 0);
      expect(decided).toBeLessThanOrEqual(1);
      const run = await settledRun(alice, id);
      expect(['completed', 'cancelled']).toContain(run.status);
      if (i === 0) expect([decided, run.status]).toEqual([1, 'completed']);
      expect(effects.times(note)).toBeLessThanOrEqual(1);
      if (run.steps[1].decision !== 'approve') expect(effects.times(note)).toBe(0);
    }
  });

  it('expire when nobody decides', async () => {
    const { id } = await waitingRun(alice, noted('expired'));
    await alice.parley.database.query('UPDATE agent_runs SET decide_by = now() WHERE id = $1', [id]);
    const run = await until(
      () => getRun(alice, id),
      ({ status }) => status === 'cancelled',
    );
    expect(run).toMatchObject({ stop_reason: 'cancelled', error: { code: 'approval_expired' } });
    expect((await decide(alice, id, { decision: 'approve' })).status).toBe(409);
    expect(effects.times('expired')).toBe(0);
  });
}
