import { type Readable } from 'node:stream';
import { Agent, request } from 'undici';

/** Longest error body read from a provider, in bytes. */
const ERROR_BODY_LIMIT = 64 * 1024;

/** How long the rest of a complete answer is waited for, in milliseconds, before its connection is given up. */
const LINGER_MS = 1000;

/**
 * One provider's keep-alive connection pool, as the `fetch` its SDK calls. A successful response carries no web
 * stream: its bytes are read from `bodyOf(response)`, a Node stream, which costs a fraction per chunk. A failed one
 * is an ordinary Response, so that the SDK can type the error. No timeouts here: callers bound calls by signal.
 */
export class ProviderHttp {
  private readonly agent = new Agent({
    keepAliveTimeout: 60_000,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: { timeout: 10_000 },
  });
  private readonly bodies = new WeakMap<Response, Readable>();

  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const answer = await request(input instanceof Request ? input.url : input, {
      method: init.method ?? 'GET',
      headers: Object.fromEntries(new Headers(init.headers)),
      body: (init.body ?? null) as string | null,
      signal: init.signal ?? null,
      dispatcher: this.agent,
    });
    const head = { status: answer.statusCode, headers: flatten(answer.headers) };
    if (answer.statusCode >= 300) return new Response(await textUpTo(answer.body, ERROR_BODY_LIMIT), head);
    const response = new Response(null, head);
    this.bodies.set(response, answer.body);
    return response;
  };

  /** The bytes of a successful response that came through `fetch`. */
  bodyOf(response: Response): Readable {
    const body = this.bodies.get(response);
    if (!body) throw new Error('not a response of this pool');
    return body;
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

function flatten(headers: Record<string, string | string[] | undefined>): Headers {
  const flat = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return flat;
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
