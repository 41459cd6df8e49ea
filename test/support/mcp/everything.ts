import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** An MCP server that others wrote, as it is published. */
export const EVERYTHING = require.resolve('@modelcontextprotocol/server-everything/dist/index.js');

/** It over Streamable HTTP, as its own process. */
export class Everything {
  private child!: ChildProcess;
  private port = 0;

  get url(): string {
    return `http://127.0.0.1:${this.port}/mcp`;
  }

  /** On the same port again after it was killed. */
  async start(): Promise<this> {
    this.port ||= await freePort();
    this.child = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
      env: { PATH: process.env['PATH'], PORT: String(this.port) },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const lines = createInterface({ input: this.child.stderr! });
    for await (const line of lines) if (line.includes('listening on port')) break;
    this.child.stderr!.resume();
    return this;
  }

  async kill9(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
