import { type TestParley } from './parley';
import { readEvents, type SseEvent } from './sse';

/** Tests assert on what came, whatever its type: `body` is not checked by the compiler. */
export interface Answer<Body = any> {
  status: number;
  headers: Headers;
  body: Body;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/** Someone who talks to Parley over HTTP. Every answer is checked against `/openapi.json`. */
export class TestUser {
  token = '';
  refreshToken = '';
  id = '';
  email = '';
  workspaceId = '';

  constructor(
    readonly parley: TestParley,
    readonly headers: Record<string, string>,
  ) {}

  static async register(parley: TestParley, email: string, password = 'correct horse battery'): Promise<TestUser> {
    const { status, body } = await parley.anonymous().post('/v1/auth/register', { email, password, name: 'Test' });
    if (status !== 201) throw new Error(`register answered ${status}: ${JSON.stringify(body)}`);
    const user = new TestUser(parley, { authorization: `Bearer ${body.access_token}` });
    return Object.assign(user, {
      token: body.access_token,
      refreshToken: body.refresh_token,
      id: body.user.id,
      email,
      workspaceId: body.workspace.id,
    });
  }

  /** The same person with other credentials. */
  with(headers: Record<string, string>): TestUser {
    return new TestUser(this.parley, headers);
  }

  get = (path: string, options?: RequestOptions) => this.request('GET', path, undefined, options);
  post = (path: string, body?: unknown, options?: RequestOptions) => this.request('POST', path, body, options);
  put = (path: string, body?: unknown, options?: RequestOptions) => this.request('PUT', path, body, options);
  patch = (path: string, body?: unknown, options?: RequestOptions) => this.request('PATCH', path, body, options);
  delete = (path: string, options?: RequestOptions) => this.request('DELETE', path, undefined, options);

  async request(
    method: string,
    path: string,
    body: unknown,
    { headers = {}, signal }: RequestOptions = {},
  ): Promise<Answer> {
    const response = await this.send(method, path, body, headers, signal);
    const text = await response.text();
    const type = response.headers.get('content-type') ?? '';
    const parsed: unknown = type.includes('json') ? JSON.parse(text) : text;
    this.parley.contract.check(method, path, response.status, type, parsed);
    return { status: response.status, headers: response.headers, body: parsed };
  }

  /** The events of a stream, as they come; asked for by GET without a body. Breaking out closes the connection. A plain error is thrown. */
  async *events(path: string, body?: unknown, { headers = {}, signal }: RequestOptions = {}): AsyncGenerator<SseEvent> {
    const method = body === undefined ? 'GET' : 'POST';
    const response = await this.send(method, path, body, headers, signal);
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith('text/event-stream')) {
      throw new Error(`no stream but ${response.status}: ${await response.text()}`);
    }
    this.parley.contract.check(method, path, response.status, type, 'events');
    yield* readEvents(response.body!);
  }

  /** All events of a stream. */
  async stream(path: string, body?: unknown, options?: RequestOptions): Promise<SseEvent[]> {
    const all: SseEvent[] = [];
    for await (const event of this.events(path, body, options)) all.push(event);
    return all;
  }

  async conversation(fields: object = {}): Promise<string> {
    const { status, body } = await this.post('/v1/conversations', fields);
    if (status !== 201) throw new Error(`conversation: ${status} ${JSON.stringify(body)}`);
    return body.id as string;
  }

  async messages(conversationId: string): Promise<any[]> {
    return (await this.get(`/v1/conversations/${conversationId}/messages?order=asc&limit=100`)).body.data;
  }

  async usage(query = ''): Promise<any> {
    return (await this.get(`/v1/usage${query}`)).body;
  }

  async apiKey(fields: object = {}): Promise<string> {
    const { status, body } = await this.post('/v1/auth/api-keys', { name: 'test', ...fields });
    if (status !== 201) throw new Error(`api key: ${status} ${JSON.stringify(body)}`);
    return body.key as string;
  }

  send(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Response> {
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    return fetch(this.parley.url + path, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...this.headers, ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    });
  }
}
