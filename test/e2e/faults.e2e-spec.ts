import { randomUUID } from 'node:crypto';
import { noLeases, usageRow } from '../support/ledger';
import { startParley, type TestParley } from '../support/parley';
import { connectionsTo, seesSockets } from '../support/sockets';
import { readEvents } from '../support/sse';
import { until } from '../support/until';
import { type BrokenUpstream, startBroken, startResetting } from '../support/upstreams/broken';
import { startUpstream, type Upstream } from '../support/upstreams/upstream';
import { type Answer, type TestUser } from '../support/user';

const messages = [{ role: 'user', content: 'Hi' }];
const GIANT = 30 * 1024 * 1024; // the longest event that is read has 32 MiB

const STATUS = { provider_failed: 502, upstream_truncated: 502, provider_overloaded: 503, upstream_timeout: 504 };
type Code = keyof typeof STATUS;
/** What a stream says before it fails (nothing: then it is a plain HTTP error), and a plain answer's failure if it is another. */
type Fault = [name: string, model: string, code: Code | null, said: string, plain?: Code];

const FAULTS: Fault[] = [
  ['a limit, and when to come back', 'fake/status-429', 'provider_overloaded', ''],
  ['500 again and again', 'fake/status-500', 'provider_failed', ''],
  ['a refused connection', 'refusing/x', 'provider_failed', ''],
  ['a reset in the TLS handshake', 'tls/x', 'provider_failed', ''],
  ['a reset right after the request', 'broken/reset', 'provider_failed', ''],
  ['silence before the head', 'fake/hang', 'upstream_timeout', ''],
  ['silence in the middle of the head', 'broken/silent-head', 'upstream_timeout', ''],
  ['a head without an end', 'broken/endless-head', 'provider_failed', ''],
  ['garbage instead of HTTP', 'broken/garbage', 'provider_failed', ''],
  ['silence in the middle', 'fake/hang-after-2', 'upstream_timeout', 'one two'],
  ['a cut in the middle of a line', 'broken/cut-in-line', 'upstream_truncated', 'one two'],
  ['broken JSON', 'fake/malformed-after-2', 'provider_failed', 'one two'],
  ['nothing at all', 'fake/empty', 'upstream_truncated', '', 'provider_failed'],
  ['an event that is too long', 'too-long', 'provider_failed', ''],
  ['a second end', 'fake/dup-end-2', null, 'one two'],
  ['an event of 30 MiB', 'giant', null, 'x'.repeat(GIANT)],
];

/** What a caller was told, in whichever form. */
interface Heard {
  status: number;
  code: string | null;
  text: string;
  ended: boolean;
}

async function heard({ status, body }: Answer): Promise<Heard> {
  if (typeof body !== 'string') {
    const text = body.choices?.[0].message.content ?? body.message?.content ?? '';
    return { status, code: body.error?.code ?? null, text, ended: status === 200 };
  }
  const all: Heard = { status, code: null, text: '', ended: false };
  for await (const { data } of readEvents(new Response(body).body!)) {
    const piece: string | undefined = data.type === 'message.delta' ? data.text : data.choices?.[0]?.delta.content;
    all.text += piece ?? '';
    all.code ??= data.error?.code ?? null;
    all.ended ||= data === '[DONE]' || data.type === 'message.end';
  }
  return all;
}

describe('a provider with a fault', () => {
  let fake: Upstream;
  let broken: BrokenUpstream;
  let resetting: BrokenUpstream;
  let parley: TestParley;
  let alice: TestUser;
  beforeAll(async () => {
    [fake, broken, resetting] = await Promise.all([startUpstream('openai'), startBroken(), startResetting()]);
    parley = await startParley({
      yaml: `
providers:
  - { id: fake, kind: openai-compatible, base_url: "${fake.url}", api_key: x }
  - { id: broken, kind: openai-compatible, base_url: "${broken.url}", api_key: x }
  - { id: tls, kind: openai-compatible, base_url: "${resetting.url}", api_key: x }
  - { id: refusing, kind: openai-compatible, base_url: "http://127.0.0.1:1/v1", api_key: x }
routes:
  giant: { targets: [ { model: fake/giant-30, timeout: 30s } ] }
  fine: { targets: [ { model: fake/words-1, timeout: 30s } ] } # its prompt may hold what the giant said
  too-long: { targets: [ { model: fake/giant-33, timeout: 30s } ] }
timeouts: { first_token: 1s, idle: 1s }
retry: { base: 5ms, cap: 10ms }
breaker: { minimum: 1000 }
`,
    });
    alice = await parley.user();
  });
  afterAll(async () => {
    await parley.stop();
    await Promise.all([fake, broken, resetting].map((upstream) => upstream.close()));
  });

  const post = async (path: string, body: object) => {
    const id = randomUUID();
    return { id, answer: await alice.post(path, body, { headers: { 'x-request-id': id } }) };
  };
  /** Of the same provider where it has one: its pool must be well. */
  const good = (model: string) => (model.startsWith('broken/') ? 'broken/fine' : 'fine');
  const retryAfter = (code: string | null) => (code === 'provider_overloaded' ? '7' : null);

  const expectBilledOnce = async (id: string, code: string | null) => {
    const outcome = code ? 'error' : 'success';
    expect(await usageRow(parley, id)).toMatchObject({ outcome, error_code: code });
  };

  describe.each(FAULTS)('%s', (_, model, failure, said, other) => {
    const plain = other ?? failure;
    const streamed: Heard = {
      status: failure && !said ? STATUS[failure] : 200,
      code: failure,
      text: said,
      ended: !failure,
    };
    const whole: Heard = {
      status: plain ? STATUS[plain] : 200,
      code: plain,
      text: plain ? '' : said,
      ended: !plain,
    };

    it.each([true, false])('ends a call as specified, streamed: %s', async (stream) => {
      const expected = stream ? streamed : whole;
      // A plain answer is waited for as long as an attempt may take.
      const more = failure === 'upstream_timeout' ? { timeout_ms: 1_500 } : {};
      const { id, answer } = await post('/v1/chat/completions', { model, messages, stream, ...more });
      expect(await heard(answer)).toEqual(expected);
      expect(answer.headers.get('retry-after')).toBe(retryAfter(expected.code));
      await expectBilledOnce(id, expected.code);
      expect((await post('/v1/chat/completions', { model: good(model), messages, stream })).answer.status).toBe(200);
    });

    it.each(['stream', 'chat'])('ends an answer of a conversation as specified: %s', async (way) => {
      const conversation = await alice.conversation();
      const ask = (asked: string) => post(`/v1/conversations/${conversation}/${way}`, { content: 'Hi', model: asked });
      const { id, answer } = await ask(model);
      const told = failure ? { ...whole, status: STATUS[failure], code: failure, text: '' } : whole;
      expect(await heard(answer)).toEqual(way === 'stream' ? streamed : told); // the model is asked for a stream either way
      expect(answer.headers.get('retry-after')).toBe(retryAfter(failure));
      await expectBilledOnce(id, failure);
      const [, message] = await alice.messages(conversation);
      expect(message.status).toBe(failure ? (said ? 'partial' : 'failed') : 'complete');
      expect(message.error?.code ?? null).toBe(failure);
      expect(message.content).toBe(said);
      expect((await ask(good(model))).answer.status).toBe(200);
    });
  });

  it('leaves nothing open, owed or running behind', async () => {
    await until(
      () => [fake, broken, resetting].map((upstream) => upstream.open()),
      (open) => open.join() === '0,0,0',
    );
    await noLeases(parley);
    expect(await parley.database.query(`SELECT id FROM messages WHERE status = 'running'`)).toEqual([]);
    expect((await alice.get('/ready')).status).toBe(200);
    expect(parley.logs.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
  });

  // One call at a time was made, so the pool of a provider needs one connection.
  (seesSockets ? it : it.skip)('leaves no connection but the idle one of a pool', async () => {
    const idle = () => [fake.port, broken.port, resetting.port].map((port) => connectionsTo(port));
    await until(idle, (counts) => counts.join() === '1,1,0');
  });
});
