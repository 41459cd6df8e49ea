import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';

/** The SDK's own server over Streamable HTTP, with sessions, as `make` furnishes it for each. */
export class SdkServer {
  /** Headers of every request. */
  readonly headers: IncomingHttpHeaders[] = [];
  readonly sessions = new Map<string, { server: McpServer; transport: StreamableHTTPServerTransport }>();
  private http!: Server;
  port = 0;

  constructor(private readonly make: (server: McpServer) => void) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  /** On the same port again after it was stopped. */
  async start(): Promise<this> {
    this.http = createServer((req, res) => {
      this.headers.push(req.headers);
      void this.transport(req.headers['mcp-session-id']).then(async (transport) => {
        if (transport) await transport.handleRequest(req, res);
        else res.writeHead(404).end('no such session');
      });
    });
    await new Promise<void>((done) => this.http.listen(this.port, '127.0.0.1', done));
    this.port = (this.http.address() as AddressInfo).port;
    return this;
  }

  /** As when its process is killed: connections break, sessions are forgotten. */
  async stop(): Promise<void> {
    const closed = new Promise((done) => this.http.close(done));
    this.http.closeAllConnections();
    this.sessions.clear();
    await closed;
  }

  private async transport(id: string | string[] | undefined): Promise<StreamableHTTPServerTransport | undefined> {
    if (id !== undefined) return this.sessions.get(String(id))?.transport;
    const server = new McpServer({ name: 'test', version: '1.0.0' }, { capabilities: { logging: {} } });
    this.make(server);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => void this.sessions.set(session, { server, transport }),
      onsessionclosed: (session) => void this.sessions.delete(session),
    });
    await server.connect(transport);
    return transport;
  }
}
