import { randomUUID } from 'node:crypto';
import { Effects } from '../support/effects';
import { Gates } from '../support/gates';
import { noLeases } from '../support/ledger';
import { Way } from '../support/outage';
import { type TestParley } from '../support/parley';
import { anyRedis } from '../support/redis';
import { moved, Replicas } from '../support/replicas';
import { begin, decide, did, getRun, idOfRun, noted, RUNS, settledRun, stepsOf } from '../support/runs';
import { type SseEvent } from '../support/sse';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

jest.setTimeout(120_000);

const TOOLS = ['keyed', 'unkeyed', 'look'];
const YAML = `outbound: { allowed_networks: [127.0.0.1] }
http: { shutdown_grace: 300ms }
retry: { attempts: 1 }`;
const ENV = { ENCRYPTION_KEY: 'a key for what is encrypted at rest' };

/** Of one run only, so that its first call of the model plays the first script, and so on. */
const model = (...scripts: string[]) => `openai/${randomUUID()}~${scripts.join('~')}`;
const call = (tool: string, note: string) => noted(note, tool);
const asking = (input: string, more: object = {}) => ({ input, tools: TOOLS, model: model('plan'), ...more });
const textOf = (events: SseEvent[]) => events.map(({ data }) => data.text ?? '').join('');
const idOf = ({ id }: SseEvent) => Number(id);

/** What is left when all that was said to be void is left out. */
function valid(events: SseEvent[]): SseEvent[] {
  const resumed = events.filter(({ event }) => event === 'run.resumed');
  const isVoid = (id: number) => resumed.some((one) => one.data.after < id && id <= idOf(one));
  return events.filter((event) => !isVoid(idOf(event)));
}

/** Goes on to listen after what was heard. */
async function listen(user: TestUser, id: string, heard: SseEvent[]): Promise<void> {
  const headers = { 'last-event-id': String(heard.at(-1)?.id ?? 0) };
  for await (const event of user.events(`${RUNS}/${id}/stream`, undefined, { headers })) heard.push(event);
}

/** Some of what was heard is void, and all the rest is what is told to others. */
async function exactly(user: TestUser, id: string, heard: SseEvent[], text: string): Promise<void> {
  const whole = await user.stream(`${RUNS}/${id}/stream`);
  expect(heard.filter(({ event }) => event === 'run.resumed')).toHaveLength(1);
  expect(heard.map(idOf)).toEqual([...new Set(heard.map(idOf))].sort((a, b) => a - b));
  expect(valid(heard)).toEqual(whole);
  expect(textOf(whole)).toBe(text);
}

let effects: Effects;
beforeAll(async () => (effects = await Effects.start()));
afterAll(() => effects.close());

describe('a run whose process is killed', () => {
  let replicas: Replicas;
  let [doomed, heir] = [] as unknown as [TestParley, TestParley];
  let [alice, away] = [] as unknown as [TestUser, TestUser];
  let gates: Gates;
  beforeAll(async () => {
    replicas = await Replicas.begin();
    [doomed, heir] = await Promise.all([
      replicas.start({ env: ENV, yaml: YAML }),
      replicas.start({ env: ENV, yaml: YAML }),
    ]);
    alice = await doomed.user();
    away = moved(alice, heir);
    await effects.giveTools(alice);
    gates = await Gates.of(replicas.database);
  });
  afterAll(() => replicas.end());

  const modelAsked = ({ model: name }: { model: string }, times: number) =>
    until(() => replicas.openai.requests.filter(({ body }) => name.endsWith(String(body['model']))).length >= times);
  const waits = (id: string, user = alice) =>
    until(
      () => getRun(user, id),
      ({ status }) => status === 'waiting_for_approval',
    );
  /** The run waits for a decision about the only call whose outcome is unknown. */
  const unknown = async (id: string): Promise<any> => {
    const run = await settledRun(away, id);
    expect(run.status).toBe('waiting_for_approval');
    expect(run.steps.filter(({ status }: any) => status === 'waiting')).toMatchObject([
      { name: 'unkeyed', wait_reason: 'outcome_unknown', decision: null, result: null },
    ]);
    return run;
  };
  const completed = async (id: string, ...results: string[]): Promise<any> => {
    const run = await settledRun(away, id);
    expect(run).toMatchObject({
      status: 'completed',
      stop_reason: 'answered',
      output: results.join('\n'),
      error: null,
    });
    return run;
  };

  it('goes on in another, at whatever point it was, and writes once', async () => {
    const silent = asking(call('keyed', 'silent'), { model: model('hang', 'plan') });
    const speaking = asking(call('unkeyed', 'speaking'), { model: model('hang-after-3', 'plan') });
    const told = asking(call('unkeyed', 'told'), { model: model('plan', 'hang', 'plan') });
    const both = (note: string) => asking(`${call('unkeyed', note)} & ${call('keyed', `next ${note}`)}`);
    const ids = {
      silent: await begin(alice, silent),
      speaking: await begin(alice, speaking),
      told: await begin(alice, told),
      keyed: await begin(alice, asking(call('keyed', 'held-keyed'))),
      look: await begin(alice, asking(call('look', 'held-look'))),
      approved: await begin(alice, both('held-approved')),
      rejected: await begin(alice, both('held-rejected')),
      waiting: await begin(alice, asking(call('unkeyed', 'waiting'), { approve: ['unkeyed'] })),
      decided: await begin(alice, asking(call('unkeyed', 'gate-pending'), { approve: ['unkeyed'] })),
      claiming: await begin(alice, asking(`${call('keyed', 'held-0')} & ${call('unkeyed', 'gate-running')}`)),
      keeping: await begin(alice, asking(call('keyed', 'held-1 gate-complete'))),
      losing: await begin(alice, asking(call('unkeyed', 'held-2 gate-complete'))),
    };
    const heard: SseEvent[] = [];
    for await (const event of alice.events(`${RUNS}/${ids.speaking}/stream`)) {
      if (heard.push(event) === 4) break;
    }
    expect(textOf(heard)).toBe('one two three');
    const listening = listen(away, ids.speaking, heard);
    await modelAsked(silent, 1);
    await modelAsked(told, 2);
    const held = ['held-keyed', 'held-look', 'held-approved', 'held-rejected', 'held-0'];
    const gated = ['held-1 gate-complete', 'held-2 gate-complete'];
    for (const note of [...held, ...gated]) await until(() => effects.asked(note).length === 1);
    for (const id of [ids.waiting, ids.decided]) await waits(id);
    await gates.shut();
    decide(alice, ids.decided, { decision: 'approve' }).catch(() => undefined);
    for (const note of ['held-0', ...gated]) effects.release(note);
    await gates.reached(4);
    await doomed.kill9();
    await gates.open();

    await completed(ids.silent, did('silent'));
    await completed(ids.speaking, did('speaking'));
    await completed(ids.told, did('told'));
    await completed(ids.keyed, did('held-keyed'));
    await completed(ids.look, did('held-look'));
    await completed(ids.claiming, did('held-0'), did('gate-running'));
    await completed(ids.keeping, did('held-1 gate-complete'));
    for (const note of ['silent', 'speaking', 'told', 'gate-running']) expect(effects.asked(note)).toHaveLength(1);
    for (const note of ['held-keyed', 'held-1 gate-complete']) {
      const keys = effects.asked(note);
      expect(keys).toEqual([keys[0], keys[0]]);
      expect(effects.times(note)).toBe(1);
    }

    for (const id of [ids.approved, ids.rejected, ids.losing]) await unknown(id);
    for (const note of ['held-approved', 'held-rejected', 'held-2 gate-complete']) {
      expect(effects.asked(note)).toHaveLength(1);
      expect(effects.times(`next ${note}`)).toBe(0);
    }
    expect((await decide(away, ids.approved, { decision: 'approve' })).body.status).not.toBe('waiting_for_approval');
    await decide(away, ids.rejected, { decision: 'reject', reason: 'It came through.' });
    await decide(away, ids.losing, { decision: 'approve' });
    await completed(ids.approved, did('held-approved'), did('next held-approved'));
    const { output, status } = await settledRun(away, ids.rejected);
    expect(status).toBe('completed');
    expect(output).toMatch(/^This call may or may not have been executed.* It came through\.\n/);
    expect(output).toContain(did('next held-rejected'));
    await completed(ids.losing, did('held-2 gate-complete'));
    for (const [note, times] of [
      ['held-approved', 2],
      ['held-rejected', 1],
      ['held-2 gate-complete', 2],
      ['next held-approved', 1],
      ['next held-rejected', 1],
    ] as const)
      expect([note, effects.times(note)]).toEqual([note, times]);

    expect((await decide(away, ids.waiting, { decision: 'approve' })).status).toBe(200);
    await completed(ids.waiting, did('waiting'));
    // The decision was not heard to the end: it was none.
    expect((await decide(away, ids.decided, { decision: 'approve' })).status).toBe(200);
    await completed(ids.decided, did('gate-pending'));
    expect([effects.times('waiting'), effects.times('gate-pending')]).toEqual([1, 1]);

    await listening;
    await exactly(away, ids.speaking, heard, did('speaking'));
    await noLeases(heir, 20_000);
  });

  it('goes on in the process that takes its place', async () => {
    const ids = {
      keyed: await begin(away, asking(call('keyed', 'held-alone'))),
      unkeyed: await begin(away, asking(call('unkeyed', 'held-unknown'))),
      waiting: await begin(away, asking(call('keyed', 'waiting-alone'), { approve: ['keyed'] })),
    };
    for (const note of ['held-alone', 'held-unknown']) await until(() => effects.asked(note).length === 1);
    await waits(ids.waiting, away);
    const queued = (await away.post(RUNS, { ...asking(call('keyed', 'queued')), background: true })).body.id;
    await heir.kill9();
    heir = await replicas.start({ env: ENV, yaml: YAML });
    away = moved(alice, heir);

    await completed(ids.keyed, did('held-alone'));
    await settledRun(away, queued, 60_000); // its job may have died with the process
    await completed(queued, did('queued'));
    await unknown(ids.unkeyed);
    await decide(away, ids.waiting, { decision: 'edit', arguments: { note: 'edited' } });
    const run = await completed(
      ids.waiting,
      `[Executed with other arguments, which a person chose: {"note":"edited"}]`,
      did('edited'),
    );
    expect(stepsOf(run)).toHaveLength(3);
    const notes = ['held-alone', 'queued', 'held-unknown', 'waiting-alone', 'edited'];
    expect(notes.map((note) => effects.times(note))).toEqual([1, 1, 1, 0, 1]);
  });
});

describe('a run whose process can’t go on, with Redis', () => {
  let replicas: Replicas;
  let redis: Awaited<ReturnType<typeof anyRedis>>;
  let way: Way;
  let [near, far] = [] as unknown as [TestParley, TestParley];
  let [alice, away] = [] as unknown as [TestUser, TestUser];
  beforeAll(async () => {
    replicas = await Replicas.begin();
    redis = await anyRedis();
    way = await Way.to(replicas.database.url);
    const env = { ...ENV, REDIS_URL: redis.url };
    [near, far] = await Promise.all([
      replicas.start({ env, yaml: YAML }),
      replicas.start({ env: { ...env, DATABASE_URL: way.url }, yaml: YAML }),
    ]);
    alice = await near.user();
    away = moved(alice, far);
    await effects.giveTools(alice);
  });
  afterAll(async () => {
    await replicas.end();
    way.close();
    await redis.stop();
  });

  const ask = async (body: object) => {
    const requestId = randomUUID();
    const answer = alice.post(RUNS, body, { headers: { 'x-request-id': requestId } });
    return { id: await idOfRun(replicas.database, requestId), answer };
  };

  it('is carried on by another while the first is frozen, which gives up when it thaws', async () => {
    const [keyed, unkeyed, speaking] = await Promise.all([
      ask(asking(call('keyed', 'held-frozen'))),
      ask(asking(call('unkeyed', 'held-frozen-unkeyed'))),
      ask(asking(call('keyed', 'frozen-speaking'), { model: model('hang-after-3', 'plan') })),
    ]);
    const notes = ['held-frozen', 'held-frozen-unkeyed'];
    for (const note of notes) await until(() => effects.asked(note).length === 1);
    const heard: SseEvent[] = [];
    const listening = listen(away, speaking.id, heard);
    await until(() => textOf(heard) === 'one two three');
    process.kill(near.pid, 'SIGSTOP');
    const runs = [keyed, unkeyed, speaking];
    const ended = await Promise.all(runs.map(({ id }) => settledRun(away, id)));
    await listening;
    process.kill(near.pid, 'SIGCONT');
    for (const note of notes) effects.release(note);
    expect(ended.map(({ status }) => status)).toEqual(['completed', 'waiting_for_approval', 'completed']);
    await exactly(away, speaking.id, heard, did('frozen-speaking'));
    // Who had asked the first is told what came of it elsewhere.
    for (const [i, { id, answer }] of runs.entries()) {
      expect((await answer).body).toEqual(ended[i]);
      expect(await getRun(away, id)).toEqual(ended[i]);
    }
    for (const note of [...notes, 'frozen-speaking']) expect([note, effects.times(note)]).toEqual([note, 1]);
  });

  it('waits for its database while that is away, and goes on', async () => {
    const body = asking(`${call('unkeyed', 'held-database')}\n${call('unkeyed', 'after-database')}`);
    const id = await begin(away, body);
    const speaking = await begin(
      away,
      asking(call('keyed', 'speaking-database'), { model: model('late-300-3', 'plan') }),
    );
    await until(() => effects.asked('held-database').length === 1);
    way.close();
    effects.release('held-database');
    await until(async () => (await away.get('/ready')).status === 503);
    await way.open();
    expect(await settledRun(alice, id)).toMatchObject({ status: 'completed', stop_reason: 'answered' });
    expect((await settledRun(alice, speaking)).status).toBe('completed');
    expect(effects.times('held-database') + effects.times('after-database')).toBe(2);
  });

  it('is handed on at once when its process is told to stop', async () => {
    const ids = {
      silent: await begin(away, asking(call('keyed', 'handed-silent'), { model: model('hang', 'plan') })),
      keyed: await begin(away, asking(call('keyed', 'held-handed'))),
      unkeyed: await begin(away, asking(call('unkeyed', 'held-handed-unkeyed'))),
    };
    for (const note of ['held-handed', 'held-handed-unkeyed']) await until(() => effects.asked(note).length === 1);
    expect(await far.terminate()).toBe(0);
    const states = await Promise.all(Object.values(ids).map((id) => settledRun(alice, id)));
    expect(states.map(({ status }) => status)).toEqual(['completed', 'completed', 'waiting_for_approval']);
    const notes = ['handed-silent', 'held-handed', 'held-handed-unkeyed'];
    expect(notes.map((note) => effects.times(note))).toEqual([1, 1, 1]);
  });
});
