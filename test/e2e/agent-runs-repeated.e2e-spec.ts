import { randomUUID } from 'node:crypto';
import { Effects } from '../support/effects';
import { type TestParley } from '../support/parley';
import { moved, Replicas } from '../support/replicas';
import { begin, did, getRun, noted, RUNS } from '../support/runs';
import { until } from '../support/until';
import { type TestUser } from '../support/user';

const ENV = { ENCRYPTION_KEY: 'a key for what is encrypted at rest' };
const YAML = 'outbound: { allowed_networks: [127.0.0.1] }';
const TOOLS = ['keyed'];

describe('a run that is asked for again with its Idempotency-Key', () => {
  let effects: Effects;
  let replicas: Replicas;
  let [doomed, heir] = [] as unknown as [TestParley, TestParley];
  let [alice, away] = [] as unknown as [TestUser, TestUser];
  beforeAll(async () => {
    [effects, replicas] = await Promise.all([Effects.start(), Replicas.begin()]);
    const start = () => replicas.start({ env: ENV, yaml: YAML });
    [doomed, heir] = await Promise.all([start(), start()]);
    alice = await doomed.user();
    away = moved(alice, heir);
    await effects.giveTools(alice);
  });
  afterAll(async () => {
    await replicas.end();
    await effects.close();
  });

  const asking = (note: string, more: object = {}) => ({
    body: { input: noted(note), tools: TOOLS, model: 'demo/echo', ...more },
    headers: { 'idempotency-key': randomUUID() },
  });
  const count = async (note: string) => {
    const sql = 'SELECT FROM agent_runs WHERE strpos(settings::text, $1) > 0';
    return (await replicas.database.query(sql, [note])).length;
  };

  it.each([{}, { background: true }, { stream: true }])('is answered the same: %j', async (more) => {
    const note = `again-${randomUUID()}`;
    const { body, headers } = asking(note, more);
    const [first, second] = [await alice.post(RUNS, body, { headers }), await away.post(RUNS, body, { headers })];
    expect([second.status, second.body]).toEqual([first.status, first.body]);
    await until(() => effects.times(note) === 1);
    expect(await count(note)).toBe(1);
  });

  it('is the same though its stream was cut by a process that stops', async () => {
    const stopping = await replicas.start({ env: ENV, yaml: `${YAML}\nhttp: { shutdown_grace: 100ms }` });
    const { body, headers } = asking('held-cut', { stream: true });
    const id = await begin(moved(alice, stopping), body, headers);
    await until(() => effects.asked('held-cut').length === 1);
    expect(await stopping.terminate()).toBe(0);
    const { status, body: stream } = await away.post(RUNS, body, { headers });
    expect([status, stream]).toEqual([200, expect.stringContaining(id)]);
    expect(stream).toMatch(/event: message\.end\n.*\n\n$/);
    expect([await count('held-cut'), effects.times('held-cut')]).toEqual([1, 1]);
    const other = await away.post(RUNS, { ...body, input: 'Something else' }, { headers });
    expect(other.body.error.code).toBe('idempotency_key_conflict');
  });

  it('is the same though the process that began it was killed', async () => {
    const plain = asking('held-plain');
    const streamed = asking('held-streamed', { stream: true });
    const ids: string[] = [];
    for (const { body, headers } of [plain, streamed]) ids.push(await begin(alice, body, headers));
    for (const note of ['held-plain', 'held-streamed']) await until(() => effects.asked(note).length === 1);
    await doomed.kill9();
    const again = ({ body, headers }: typeof plain) =>
      until(
        () => away.post(RUNS, body, { headers }),
        ({ status }) => status !== 409,
        20_000,
      );
    const [answer, stream] = await Promise.all([again(plain), again(streamed)]);
    expect(answer).toMatchObject({ status: 201, body: { id: ids[0], output: did('held-plain') } });
    expect(answer.body).toEqual(await getRun(away, ids[0]!));
    expect(stream.body).toContain(ids[1]);
    expect(stream.body).toMatch(/event: message\.end\n.*\n\n$/);
    for (const note of ['held-plain', 'held-streamed']) {
      expect([note, await count(note), effects.times(note)]).toEqual([note, 1, 1]);
    }
  });
});
