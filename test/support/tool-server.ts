import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

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

export async function startToolServer(
  answer: (asked: AskedOfTools, response: ServerResponse) => void,
): Promise<ToolServer> {
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
