import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

export interface RpcMessage {
  id?: number;
  method: string;
  params?: any;
}
/** What it does with a message; null answers as any server would. */
export type Oddity = (message: RpcMessage, res: ServerResponse) => object | 'handled' | null;

const TOOL = { name: 'echo', description: 'Echoes.', inputSchema: { type: 'object' } };

/** An MCP server without sessions, written by hand, so that it can do what none should. */
export class OddServer {
  readonly messages: RpcMessage[] = [];
  private http!: Server;

  constructor(public odd: Oddity) {}

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/mcp`;
  }

  async start(): Promise<this> {
    this.http = createServer((req, res) => {
      if (req.method !== 'POST') return void res.writeHead(405).end();
      let text = '';
      req.on('data', (chunk: Buffer) => (text += chunk.toString()));
      req.on('end', () => this.answer(JSON.parse(text) as RpcMessage, res));
    });
    await new Promise<void>((done) => this.http.listen(0, '127.0.0.1', done));
    return this;
  }

  async stop(): Promise<void> {
    const closed = new Promise((done) => this.http.close(done));
    this.http.closeAllConnections();
    await closed;
  }

  private answer(message: RpcMessage, res: ServerResponse): void {
    this.messages.push(message);
    const odd = this.odd(message, res);
    if (odd === 'handled') return;
    if (message.id === undefined) return void res.writeHead(202).end();
    sendJson(res, message, odd ?? usual(message));
  }
}

export function sendJson(res: ServerResponse, { id }: RpcMessage, result: object): void {
  res.writeHead(200, { 'content-type': 'application/json' });
  res.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
}

export const usual = ({ method, params }: RpcMessage): object => {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params.protocolVersion as string,
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: 'odd', version: '1' },
      };
    case 'tools/list':
      return { tools: [TOOL] };
    case 'tools/call':
      return { content: [{ type: 'text', text: 'fine' }] };
    default:
      return {};
  }
};
