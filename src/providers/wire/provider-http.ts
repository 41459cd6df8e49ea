import { type Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';

/** Longest error body read from a provider, in bytes. */
const ERROR_BODY_LIMIT = 64 * 1024;

/** How long the rest of a complete answer is waited for, in milliseconds, before its connection is given up. */
const LINGER_MS = 1000;

/** A request as the provider's SDK built and signed it, without what differs from call to call. Built once, sent often. */
export interface SignedRequest {
  method: 'GET' | 'POST';
  url: string;
  headers: Readonly<Record<string, string>>;
}

/** What an SDK's `buildRequest` gives. */
interface BuiltRequest {
  req: { headers: Headers };
  url: string;
}

export const signedRequest = (method: SignedRequest['method'], { req, url }: BuiltRequest): SignedRequest => ({
  method,
  url,
  headers: Object.fromEntries(req.headers),
});

/** A successful answer: `header` gives the first value of a header, `body` its bytes as a Node stream. */
export interface ProviderAnswer {
  header: (name: string) => string | null;
  body: Readable;
}

/** Types a refusal, as the provider's SDK does. `body` is parsed JSON, or null when it was none; `text` is then its text. */
export type Refused = (status: number, body: object | undefined, text: string | undefined, headers: Headers) => Error;

/**
 * One provider's keep-alive connection pool. Neither the SDK's request pipeline nor WHATWG streams are on the way of a
 * call: they cost three times what the rest of a request does (docs/decisions/0008). No timeouts here: callers bound
 * calls by signal.
 */
export class ProviderHttp {
  private readonly agent = new Agent({
    keepAliveTimeout: 60_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 10_000 },
  }).compose(tellingWhenSent);

  constructor(private readonly refused: Refused) {}

  /**
   * Throws what `refused` makes of a status other than 2xx, and undici's errors. Redirects are refusals: a key goes to one
   * host.
   * @param onSent called when a connection has been found and the request begins to leave
   */
  async send(
    { method, url, headers }: SignedRequest,
    more: Readonly<Record<string, string>>,
    body: string | null,
    signal: AbortSignal,
    onSent: () => void = () => undefined,
  ): Promise<ProviderAnswer> {
    const answer = await request(url, {
      method,
      headers: { ...headers, ...more },
      body,
      signal,
      opaque: onSent,
      dispatcher: this.agent,
    });
    if (answer.statusCode >= 300) {
      const text = await textUpTo(answer.body, ERROR_BODY_LIMIT);
      const json = objectIn(text);
      throw this.refused(answer.statusCode, json, json ? undefined : text, flatten(answer.headers));
    }
    return { header: (name) => [answer.headers[name]].flat()[0] ?? null, body: answer.body };
  }

  /**
   * Lets go of a body. One cut short ends its connection at once; after a complete answer the few bytes that may
   * still come are read away, so that the connection can serve again.
   */
  release(body: Readable, complete: boolean): void {
    if (body.closed) return;
    body.on('error', () => undefined); // nobody waits for it any more
    if (!complete) {
      body.destroy();
      return;
    }
    const timer = setTimeout(() => body.destroy(), LINGER_MS).unref();
    body.once('close', () => clearTimeout(timer)).resume();
  }

  /** Waits for calls under way. */
  close(): Promise<void> {
    return this.agent.close();
  }
}

/** undici tells the handler of a request when it starts on a connection; what is `opaque` to it is called then. */
const tellingWhenSent: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const { opaque: onSent } = options as { opaque?: () => void };
  const started = handler.onRequestStart?.bind(handler);
  handler.onRequestStart = (controller, context) => {
    onSent?.();
    started?.(controller, context);
  };
  return dispatch(options, handler);
};

function flatten(headers: Record<string, string | string[] | undefined>): Headers {
  const flat = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return flat;
}

function objectIn(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined; // a page of HTML, or nothing: the text is told instead
  }
}

async function textUpTo(body: Readable, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}
