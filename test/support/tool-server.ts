import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';

/** What a server of tools was asked. */
export interface AskedOfTools {
  method: string;
  /** With its query, as it came. */
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A real HTTP server on a free loopback port, which remembers what it is asked and answers as it is told. */
export interface ToolServer {
  url: string;
  asked: AskedOfTools[];
  close(): Promise<void>;
}

type Answer = (asked: AskedOfTools, response: ServerResponse) => unknown;

export async function startToolServer(answer: Answer): Promise<ToolServer> {
  const asked: AskedOfTools[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const one = { method: request.method!, url: request.url!, headers: request.headers, body };
      asked.push(one);
      answer(one, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export const PETS = {
  openapi: '3.0.0',
  info: { title: 'Pets', version: '1' },
  paths: {
    '/pets/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'getPet', summary: 'One pet', parameters: [{ name: 'full', in: 'query' }] },
      put: {
        operationId: 'putPet',
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { type: 'object', properties: { id: {}, name: {} } } } },
        },
      },
      delete: { operationId: 'dropPet', requestBody: { content: { 'text/csv': {} } } },
    },
  },
};

/** Answers by its path; `/away` redirects to another server. */
export const scripted =
  (elsewhere: string): Answer =>
  ({ url, headers }, response) => {
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const { pathname } = new URL(url, 'http://x');
    if (pathname === '/echo') return json(200, { got: url, auth: headers.authorization });
    if (pathname === '/refused') return json(401, { error: `Incorrect API key provided: ${headers.authorization}` });
    if (pathname === '/away') return response.writeHead(302, { location: `${elsewhere}/there` }).end();
    if (pathname === '/moved') return response.writeHead(302, { location: '/echo?moved' }).end();
    if (pathname === '/large') return response.end('x'.repeat(3 * 1024 * 1024));
    if (pathname === '/bomb') {
      return response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000, 'x')));
    }
    if (pathname === '/image') return response.writeHead(200, { 'content-type': 'image/png' }).end('PNG');
    if (pathname === '/hang') return undefined;
    if (pathname === '/cut') return response.socket!.destroy();
    if (pathname === '/openapi.json') return json(200, { ...PETS, servers: [{ url: '/v1' }] });
    return json(200, { path: pathname });
  };
