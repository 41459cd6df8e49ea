import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { randomUUID } from 'node:crypto';
import { at, Bodies, isPublic, type Operation, operationsOf, pathParameters } from '../support/operations';
import { startParley, type TestParley } from '../support/parley';
import { type TestUser } from '../support/user';

/** UTF-8 as it stands on the wire. */
const utf8 = (value: string) => Buffer.from(value).toString('latin1');
const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const KEY = `parley_${'A'.repeat(43)}`;

/** Header lines as they are sent, by what is wrong with them. */
const junk = (user: TestUser, realKey: string): Record<string, [string, string][]> => {
  const [header, claims, signature] = user.token.split('.') as [string, string, string];
  const bearer = (value: string): [string, string][] => [['Authorization', `Bearer ${value}`]];
  return {
    nothing: [],
    empty: [['Authorization', '']],
    'an empty bearer': bearer(''),
    'an empty key': [['X-API-Key', '']],
    SQL: bearer("' OR '1'='1' --"),
    'SQL as a key': [['X-API-Key', "parley_'; DROP TABLE users; --"]],
    'a header in a header': bearer('x%0d%0aX-API-Key:%20parley_x'),
    unicode: bearer(utf8('ｐarley_ключ🔑')),
    'unicode as a key': [['X-API-Key', utf8(`parley_${'ß'.repeat(43)}`)]],
    'something huge': bearer('x'.repeat(12_000)),
    'a huge key': [['X-API-Key', `parley_${'A'.repeat(12_000)}`]],
    'an unknown key': [['X-API-Key', KEY]],
    'the name of a key': [['X-API-Key', 'parley_']],
    'another scheme': [['Authorization', `Basic ${Buffer.from(`${user.email}:x`).toString('base64')}`]],
    'no scheme': [['Authorization', user.token]],
    'a token without a signature': bearer(`${part({ alg: 'none', typ: 'JWT' })}.${claims}.`),
    'a token of another algorithm': bearer(`${part({ alg: 'RS256', typ: 'JWT' })}.${claims}.${signature}`),
    'a token with other claims': bearer(
      `${header}.${part({ sub: randomUUID(), sid: randomUUID(), ver: 0, iss: 'parley' })}.${signature}`,
    ),
    'two tokens': [...bearer(user.token), ...bearer(user.token)],
    'two tokens, one of them good': [...bearer(user.token), ...bearer('junk')],
    'a good token and an unknown key': [...bearer(user.token), ['X-API-Key', KEY]],
    'a good key and another token': [...bearer(user.token), ['X-API-Key', realKey]],
    'a good key twice': [
      ['X-API-Key', realKey],
      ['X-API-Key', realKey],
    ],
    'a refresh token': bearer(user.refreshToken),
    'a token in a cookie': [['Cookie', `access_token=${user.token}`]],
  };
};

describe('junk credentials', () => {
  let parley: TestParley;
  let secured: Operation[];
  let bodies: Bodies;
  let user: TestUser;
  let realKey: string;
  beforeAll(async () => {
    parley = await startParley();
    secured = operationsOf(parley.contract.document).filter((operation) => !isPublic(operation));
    bodies = new Bodies(parley.contract.document);
    user = await parley.user();
    realKey = await user.apiKey();
  });
  afterAll(() => parley.stop());

  /** With header lines as they are, also twice the same. */
  const send = async (operation: Operation, lines: [string, string][]) => {
    const ids = Object.fromEntries(pathParameters(operation).map((name) => [name, randomUUID()]));
    const body = bodies.good(operation);
    const headers = [['Host', 'localhost'], ['Connection', 'close'], ...lines];
    const payload = body === undefined ? '' : JSON.stringify(body);
    headers.push(['Content-Length', String(Buffer.byteLength(payload))]);
    if (payload) headers.push(['Content-Type', 'application/json']);
    const asked = request(parley.url + at(operation, ids), { method: operation.method, headers: headers.flat() });
    asked.end(payload);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return { status: answer.statusCode, body: await text(answer) };
  };

  it('are 401 on every operation that wants any', async () => {
    expect(secured.length).toBeGreaterThan(30);
    const wrong: unknown[] = [];
    for (const [what, lines] of Object.entries(junk(user, realKey))) {
      const answers = await Promise.all(secured.map((operation) => send(operation, lines)));
      answers.forEach(({ status, body }, i) => {
        const { type, message } = (JSON.parse(body) as { error: { type: string; message: string } }).error;
        const echoed = lines.some(([, value]) => value.length > 20 && message.includes(value));
        if (status !== 401 || type !== 'authentication_error' || echoed) {
          wrong.push([secured[i]!.operationId, what, status, body.slice(0, 200)]);
        }
      });
    }
    expect(wrong).toEqual([]);
  });

  it('are not in the log, nor are good ones', () => {
    const logged = parley.logs.join('\n');
    for (const secret of [realKey, user.token, user.refreshToken, KEY]) expect(logged).not.toContain(secret);
  });

  it('do not stand in the way of good ones', async () => {
    expect((await user.get('/v1/users/me')).status).toBe(200);
    expect((await parley.anonymous().with({ 'x-api-key': realKey }).get('/v1/users/me')).status).toBe(200);
  });
});
