import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { isJson } from './wire';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n';
const said = (content: string) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content } }] })}\n\n`;
const FINE = JSON.stringify({ choices: [{ index: 0, message: { content: 'fine' }, finish_reason: 'stop' }] });

/** What breaks below the words, where `scripts.ts` has what is wrong with the words. The model's name picks one. */
const FAULTS: Record<string, (socket: Socket, stream: boolean) => void> = {
  reset: (socket) => void socket.resetAndDestroy(),
  garbage: (socket) => void socket.end('GARBAGE\r\n\r\n'),
  'silent-head': (socket) => void socket.write(`${HEAD}x-more: `),
  'endless-head': (socket) => {
    const more = () => {
      while (!socket.destroyed) if (!socket.write(`x-more: ${'x'.repeat(1000)}\r\n`)) return;
    };
    socket.on('drain', more).write(HEAD);
    more();
  },
  /** Two words, if they are streamed, and half a line. */
  'cut-in-line': (socket, stream) => {
    const bytes = stream ? said('one') + said(' two') + said(' three').slice(0, 30) : FINE.slice(0, 30);
    socket.end(
      `${stream ? HEAD : HEAD.replace('text/event-stream', 'application/json')}content-length: 9999\r\n\r\n${bytes}`,
    );
  },
};

export interface BrokenUpstream {
  url: string;
  port: number;
  /** Requests whose answer or connection has not ended. */
  open(): number;
  close(): Promise<void>;
}

/** A server of OpenAI's wire that breaks HTTP itself. Asked for any other model it answers "fine". */
export async function startBroken(): Promise<BrokenUpstream> {
  const open = new Set<ServerResponse>();
  const server = createHttpServer((req, res) => {
    open.add(res);
    res.once('close', () => open.delete(res));
    const body: Buffer[] = [];
    req.on('data', (bytes: Buffer) => body.push(bytes));
    req.on('end', () => {
      const asked: unknown = body.length > 0 ? JSON.parse(Buffer.concat(body).toString()) : {};
      const { model, stream } = isJson(asked) ? asked : {};
      const fault = FAULTS[String(model)];
      if (fault && res.socket)
        fault(
          res.socket.on('error', () => undefined),
          stream === true,
        );
      else res.writeHead(200, { 'content-type': 'application/json' }).end(FINE);
    });
  });
  server.keepAliveTimeout = 120_000;
  const port = await listening(server);
  const close = async () => {
    server.closeAllConnections();
    await closed(server);
  };
  return { url: `http://127.0.0.1:${port}/v1`, port, open: () => open.size, close };
}

/** A server that resets every connection at the first byte: of TLS, in the handshake. */
export async function startResetting(): Promise<BrokenUpstream> {
  let open = 0;
  const server = createServer((socket) => {
    open++;
    socket.on('close', () => open--).on('error', () => undefined);
    socket.once('data', () => socket.resetAndDestroy());
  });
  const port = await listening(server);
  return { url: `https://127.0.0.1:${port}/v1`, port, open: () => open, close: () => closed(server) };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function closed(server: Server): Promise<void> {
  const ended = once(server, 'close');
  server.close();
  await ended;
}
