import { type Effects } from './effects';
import { cancel, decide, did, getRun, noted, RUNS, settledRun, stepsOf, waitingRun } from './runs';
import { lastOf, typesOf } from './server-tools';
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
