import { gzipSync } from 'node:zlib';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

const LIMIT = 64 * 1024;

describe('bodies of requests', () => {
  let parley: TestParley;
  let alice: TestUser;
  beforeAll(async () => {
    parley = await startParley({ yaml: 'http: { body_limit: 64kb }' });
    alice = await parley.user();
  });
  afterAll(() => parley.stop());

  const deep = (levels: number) => `{"metadata":{"a":${'['.repeat(levels)}${']'.repeat(levels)}}}`;

  describe('are refused', () => {
    const [HI, JSON_INVALID, TYPE] = ['{"message":"Hi"}', '400 invalid_json', '415 unsupported_media_type'];
    const FORM = 'application/x-www-form-urlencoded';
    it.each([
      ['cut short', '{"message":', {}, JSON_INVALID],
      ['in single quotes', "{'message': 'Hi'}", {}, JSON_INVALID],
      ['that is a list', '[]', {}, JSON_INVALID],
      ['that is a text', '"text"', {}, JSON_INVALID],
      ['that is null', 'null', {}, JSON_INVALID],
      ['of blanks', '  ', {}, JSON_INVALID],
      ['with a byte that is no UTF-8', Buffer.from('{"message":"\xff"}', 'latin1'), {}, JSON_INVALID],
      ['nested beyond reason', deep(201), {}, JSON_INVALID],
      ['nested far beyond reason', deep(30_000), {}, JSON_INVALID],
      ['that is packed in name only', HI, { 'content-encoding': 'gzip' }, JSON_INVALID],
      ['in UTF-16', Buffer.from(HI, 'utf16le'), { 'content-type': 'application/json; charset=utf-16' }, TYPE],
      ['in Latin 1', HI, { 'content-type': 'application/json; charset=latin1' }, TYPE],
      ['called text', HI, { 'content-type': 'text/plain' }, TYPE],
      ['called XML', HI, { 'content-type': 'application/xml' }, TYPE],
      ['that is a form', 'message=Hi', { 'content-type': FORM }, TYPE],
      ['packed strangely', HI, { 'content-encoding': 'compress' }, TYPE],
      ['too long', JSON.stringify({ message: 'x'.repeat(LIMIT) }), {}, '413 payload_too_large'],
      [
        'too long once unpacked',
        gzipSync('x'.repeat(10_000_000)),
        { 'content-encoding': 'gzip' },
        '413 payload_too_large',
      ],
      ['with a NUL', '{"message":"a\\u0000b"}', {}, '400 validation_failed'],
      ['with half a character', '{"message":"half a \\ud83d smile"}', {}, '400 validation_failed'],
      ['with the other half', '{"message":"a \\uDE00"}', {}, '400 validation_failed'],
      ['with half a character in a name', '{"message":"Hi","\\ud83d":1}', {}, '400 validation_failed'],
    ] as [string, string | Uint8Array, Record<string, string>, string][])('%s', async (_, body, headers, expected) => {
      for (const path of ['/v1/chat', '/v1/conversations', '/v1/chat/completions']) {
        const answer = await alice.post(path, body, { headers });
        expect(`${answer.status} ${answer.body.error.code}`).toBe(expected);
      }
      expect((await alice.get('/v1/usage')).body.totals.requests).toBe(0);
    });

    it('that is too long without saying so first', async () => {
      let left = 100;
      const pull = (to: ReadableStreamDefaultController) =>
        left-- > 0 ? to.enqueue(Buffer.alloc(16_384, 'x')) : to.close();
      const headers = { ...alice.headers, 'content-type': 'application/json' };
      const body = new ReadableStream({ pull });
      const answer = await fetch(`${parley.url}/v1/chat`, {
        method: 'POST',
        headers,
        body,
        duplex: 'half',
      });
      expect([answer.status, await answer.json()]).toMatchObject([413, { error: { code: 'payload_too_large' } }]);
    });

    it.each([
      ['/v1/chat', { message: 'Hi', mesage: 'Hi' }, ['mesage']],
      ['/v1/chat', { message: 'Hi', 'max_tokens ': 1, Model: 'x' }, ['max_tokens ', 'Model']],
      ['/v1/chat', { messages: [{ role: 'user', content: 'Hi', contnt: 1 }] }, ['messages[0].contnt']],
      ['/v1/chat', '{"message":"Hi","__proto__":{"a":1}}', ['__proto__']],
      ['/v1/conversations', { titel: 'x' }, ['titel']],
      ['/v1/conversations', '{"__proto__":{"title":"x"}}', ['__proto__']],
      ['/v1/conversations', { constructor: 1, toString: 2 }, ['constructor', 'toString']],
      ['/v1/auth/api-keys', { name: 'x', owner: 'me' }, ['owner']],
      ['/v1/chat', { message: 7 }, ['message']],
      [
        '/v1/chat',
        { message: 'Hi', max_tokens: 1.5, temperature: '1', stop: {} },
        ['max_tokens', 'temperature', 'stop'],
      ],
      ['/v1/conversations', { title: 7, metadata: 'x' }, ['title', 'metadata']],
    ])('with wrong or unknown fields, naming all of them: %s %j', async (path, body, fields) => {
      const { status, body: answer } = await alice.post(path, body);
      expect([status, answer.error.code, answer.error.param]).toEqual([400, 'validation_failed', fields[0]]);
      expect(answer.error.details.map(({ field }: any) => field).sort()).toEqual([...fields].sort());
    });
  });

  it('are taken however JSON is labelled and packed', async () => {
    for (const headers of [
      { 'content-type': 'application/json; charset=UTF-8' },
      { 'content-type': 'APPLICATION/JSON' },
      { 'content-type': 'application/vnd.api+json' },
    ]) {
      expect((await alice.post('/v1/chat', '{"message":"Hi 😀 \\ud83d\\ude00"}', { headers })).body.content).toBe(
        'Hi 😀 😀',
      );
    }
    const packed = gzipSync('{"message":"Hi"}');
    expect((await alice.post('/v1/chat', packed, { headers: { 'content-encoding': 'gzip' } })).status).toBe(200);
    expect((await alice.post('/v1/conversations', deep(150))).status).toBe(201);
  });
});
