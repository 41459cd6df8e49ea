import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { anthropic } from './anthropic';
import { embeddings } from './embeddings';
import { openai } from './openai';
import { cutByScript, fail, headersOf, play } from './player';
import { type Asked, type Script, scriptOf } from './scripts';
import { type HttpFailure, type Json, type Wire, isJson } from './wire';

const WIRES: Record<'openai' | 'anthropic', [Wire, ...Wire[]]> = {
  openai: [openai, embeddings],
  anthropic: [anthropic],
};

/** Requests remembered: enough for any test, and no leak under a benchmark. */
const REMEMBERED = 1000;

export interface ReceivedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  body: Json;
  /** Milliseconds since the epoch. */
  at: number;
  /** Whether the client left before the answer was over. True only after `closed`. */
  aborted: boolean;
  /** Bytes of the answer's body handed to the socket so far. */
  wireBytes: number;
  /** The client's end of the connection: requests of one connection share it. */
  clientPort: number;
  /** The exchange has ended, one way or the other. */
  closed: Promise<void>;
}

export interface Upstream {
  /** The base URL an SDK is given; OpenAI's ends in /v1. */
  url: string;
  port: number;
  /** The latest thousand, oldest first. */
  requests: ReceivedRequest[];
  /** Exchanges under way. */
  open(): number;
  close(): Promise<void>;
}

/** A real HTTP server on a free loopback port that speaks one provider's wire. What it plays: see `scripts.ts`. */
export async function startUpstream(kind: 'openai' | 'anthropic'): Promise<Upstream> {
  const wires = WIRES[kind];
  const [{ basePath }] = wires;
  const requests: ReceivedRequest[] = [];
  let open = 0;

  const server = createServer((req, res) => {
    open++;
    res.once('close', () => open--);
    serve(wires, req, res, requests).catch((error: unknown) => {
      if (res.destroyed) return; // the client left, and what was waiting for it gave up
      console.error('fake upstream:', error);
      res.destroy();
    });
  });
  server.keepAliveTimeout = 120_000;
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${String(port)}${basePath}`,
    port,
    requests,
    open: () => open,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  wires: [Wire, ...Wire[]],
  req: IncomingMessage,
  res: ServerResponse,
  requests: ReceivedRequest[],
): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  const raw = await textOfBody(req);
  const wire = wires.find(({ path }) => path === req.url);
  if (req.method !== 'POST' || !wire) {
    fail(res, wires[0], wires[0].refusal(404, wires[0].asked({ model: 'unknown' })));
    return;
  }
  const parsed: unknown = raw === '' ? {} : JSON.parse(raw);
  const body = isJson(parsed) ? parsed : {};
  const received = remember(requests, req, res, body);
  const asked = wire.asked(body);
  const key = wire.keyOf(req.headers);
  if (!key || key.includes('revoked')) {
    fail(res, wire, wire.refusal(401, asked));
    return;
  }

  const script = scriptOf(asked, requests.filter((other) => other.body['model'] === asked.model).length - 1);
  if (script.kind === 'refuse') fail(res, wire, refusalOf(wire, script, asked));
  else if (script.kind === 'empty') res.writeHead(200, headersOf(wire, asked.stream)).end();
  else if (script.kind === 'answer')
    await play(script, asked, { wire, res, gone: gone.signal, wrote: (bytes) => (received.wireBytes += bytes) });
}

function refusalOf(wire: Wire, { why, retryAfter }: Extract<Script, { kind: 'refuse' }>, asked: Asked): HttpFailure {
  const refusal = wire.refusal(why, asked);
  return retryAfter === undefined ? refusal : { ...refusal, headers: { 'retry-after': String(retryAfter) } };
}

function remember(requests: ReceivedRequest[], req: IncomingMessage, res: ServerResponse, body: Json): ReceivedRequest {
  const closed = once(res, 'close').then(() => {
    received.aborted = !res.writableFinished && !cutByScript.has(res);
  });
  const received: ReceivedRequest = {
    path: req.url ?? '',
    headers: req.headers,
    body,
    at: Date.now(),
    aborted: false,
    wireBytes: 0,
    clientPort: req.socket.remotePort ?? 0,
    closed,
  };
  requests.push(received);
  if (requests.length > REMEMBERED) requests.shift();
  return received;
}

async function textOfBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
