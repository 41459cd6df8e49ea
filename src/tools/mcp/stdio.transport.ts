import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { MOST_BYTES } from './bounded-fetch';
import { sdk } from './sdk';

/** What a process may take to end by itself, and then when it is asked to. */
const GRACE_MS = 1_000;
/** Bytes of what it writes to stderr at a time. */
const LONGEST_LOG = 2_000;
/** Nothing of our own environment, which holds our secrets, but where programs and their caches are. */
const ENVIRONMENT = {
  PATH: [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
  HOME: homedir(),
  LANG: 'C.UTF-8',
};

/** A program to run, and what it is told. */
export interface StdioProgram {
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Gets what it writes to stderr, as it comes. */
  log: (text: string) => void;
}

/**
 * MCP over the standard streams of a process that is the first of its own group, so that with it all end that it has begun.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio
 */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  private child: ChildProcess | null = null;
  private closing: Promise<void> | null = null;

  constructor(private readonly program: StdioProgram) {}

  async start(): Promise<void> {
    const { command, args, env, log } = this.program;
    const child = spawn(command, [...args], {
      cwd: tmpdir(),
      env: { ...ENVIRONMENT, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    this.child = child;
    child.on('error', (error) => this.onerror?.(error));
    child.stdin.on('error', (error) => this.onerror?.(error)); // it closed its end
    child.once('close', () => this.onclose?.());
    child.stderr.on('data', (chunk: Buffer) => log(chunk.toString('utf8', 0, LONGEST_LOG).trimEnd()));
    this.read(child);
    await once(child, 'spawn');
  }

  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.child?.stdin;
    if (!stdin?.writable) return Promise.reject(new Error('the process has ended'));
    return new Promise((sent, failed) => {
      stdin.write(sdk().serializeMessage(message), (error) => (error ? failed(error) : sent()));
    });
  }

  /** As the protocol says: its input ends, then it is asked to, then it is made to; and with it its whole group. */
  close(): Promise<void> {
    this.closing ??= this.end();
    return this.closing;
  }

  private async end(): Promise<void> {
    const { child } = this;
    if (!child?.pid) return;
    const ended = child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : once(child, 'exit');
    const within = async () => Promise.race([ended.then(() => true), wait(GRACE_MS, false, { ref: false })]);
    child.stdin?.end();
    if (!(await within())) {
      signal(child.pid, 'SIGTERM');
      await within();
    }
    signal(child.pid, 'SIGKILL');
  }

  private read(child: ChildProcess): void {
    const buffer = new (sdk().ReadBuffer)({ maxBufferSize: MOST_BYTES });
    child.stdout?.on('data', (chunk: Buffer) => {
      try {
        buffer.append(chunk);
      } catch (error) {
        this.onerror?.(error as Error);
        void this.close();
        return;
      }
      for (;;) {
        try {
          const message = buffer.readMessage();
          if (!message) return;
          this.onmessage?.(message);
        } catch (error) {
          this.onerror?.(error as Error); // a line that is no message
        }
      }
    });
  }
}

/** To the whole group, what is left of it. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
