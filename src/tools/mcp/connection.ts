import { setTimeout as wait } from 'node:timers/promises';
import { type Client } from '@modelcontextprotocol/sdk/client/index.js';
import { type Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import { VERSION } from '../../platform/common/version';
import { TooManyRequests } from './bounded-fetch';
import { ConnectionLost } from './failures';
import { MOST_TOOLS } from './listing';
import { sdk } from './sdk';

/** Of one listing, however many there seem to be. */
const MOST_PAGES = 10;
const MOST_LISTED = 8 * MOST_TOOLS;
/** A server that is still there says so at once. */
const PING_MS = 5_000;
/** Between two such questions. */
const PAUSE_MS = 1_000;
const GOODBYE_MS = 1_000;

/** What can be used of them is found out later: one that is wrong does not spoil the others. */
const page = z.looseObject({ tools: z.array(z.unknown()), nextCursor: z.string().optional() });

/** How a connection tells of what nobody waits for. */
export interface Listener {
  closed: () => void;
  toolsChanged: () => void;
}

/**
 * One connection to an MCP server. It offers the server nothing: no sampling, no elicitation, no roots; asking for them is
 * answered by `Method not found` (-32601).
 * @see https://modelcontextprotocol.io/specification/2025-11-25
 */
export class Connection {
  /** Calls under way. */
  calls = 0;
  usedAt = Date.now();
  private checking = false;
  private closed = false;
  private reason: Error | null = null;

  /** @param secrets what was entrusted to the server, and is told to nobody else */
  private constructor(
    private readonly client: Client,
    readonly secrets: readonly string[],
  ) {}

  /**
   * Throws why it can't be: what the transport throws, also when the server does not answer within `timeoutMs`.
   * @param over makes the transport, which says by `failed` that there is no use in it any more
   */
  static async open(
    over: (failed: (reason: Error) => void) => Transport,
    timeoutMs: number,
    listener: Listener,
    secrets: readonly string[],
  ): Promise<Connection> {
    const { Client, ToolListChangedNotificationSchema } = sdk();
    const client = new Client({ name: 'parley', version: VERSION });
    const connection = new Connection(client, secrets);
    const transport = over((reason) => void connection.close(reason));
    client.onclose = () => {
      connection.closed = true;
      listener.closed();
    };
    client.setNotificationHandler(ToolListChangedNotificationSchema, listener.toolsChanged);
    try {
      await client.connect(transport, { timeout: timeoutMs });
    } catch (error) {
      await transport.close();
      throw connection.why(error);
    }
    client.onerror = () => void connection.check();
    return connection;
  }

  /** As the server describes them, page by page until there are too many. */
  async listTools(timeoutMs: number): Promise<unknown[]> {
    const tools: unknown[] = [];
    const deadline = Date.now() + timeoutMs;
    let cursor: string | undefined;
    for (let pages = 0; pages < MOST_PAGES && tools.length < MOST_LISTED; pages++) {
      const params = cursor === undefined ? {} : { cursor };
      const timeout = Math.max(1, deadline - Date.now());
      const answer = await this.using(() => this.client.request({ method: 'tools/list', params }, page, { timeout }));
      tools.push(...answer.tools);
      cursor = answer.nextCursor;
      if (cursor === undefined) break;
    }
    return tools;
  }

  /** The server is told when `signal` aborts. @param key the same whenever the same call is made again */
  call(name: string, input: unknown, key: string, timeoutMs: number, signal: AbortSignal): Promise<CallToolResult> {
    const params = { name, arguments: input, _meta: { 'parley/idempotency-key': key } };
    const { CallToolResultSchema } = sdk();
    return this.using(() =>
      whileAsked(signal, (own) =>
        this.client.request({ method: 'tools/call', params }, CallToolResultSchema, {
          timeout: timeoutMs,
          signal: own,
        }),
      ),
    );
  }

  /** Says goodbye, so that the server need not remember the session. */
  async leave(): Promise<void> {
    const { transport } = this.client;
    if (transport instanceof sdk().StreamableHTTPClientTransport) {
      const goodbye = transport.terminateSession().catch(() => undefined); // it may be gone, or not care
      await Promise.race([goodbye, wait(GOODBYE_MS, undefined, { ref: false })]);
    }
    await this.close();
  }

  /** @param reason told to those whose calls are under way */
  async close(reason: Error | null = null): Promise<void> {
    this.reason ??= reason;
    this.closed = true;
    await this.client.close();
  }

  private async using<T>(ask: () => Promise<T>): Promise<T> {
    this.calls++;
    try {
      return await ask();
    } catch (error) {
      throw this.why(error);
    } finally {
      this.calls--;
      this.usedAt = Date.now();
    }
  }

  /** The SDK's own error for it has a code that servers use for anything. */
  private why(error: unknown): unknown {
    const { ErrorCode, McpError } = sdk();
    const lost = this.closed && error instanceof McpError && error.code === (ErrorCode.ConnectionClosed as number);
    return this.reason ?? (lost ? new ConnectionLost() : error);
  }

  /** Something went wrong that may belong to no call. When the server is gone, nobody is to wait for it any longer. */
  private async check(): Promise<void> {
    if (this.checking || this.closed) return;
    this.checking = true;
    try {
      await this.client.ping({ timeout: PING_MS });
      await wait(PAUSE_MS, undefined, { ref: false });
    } catch (error) {
      const there = error instanceof sdk().McpError; // it is slow, or knows no ping
      if (!there && !(error instanceof TooManyRequests)) await this.close();
    } finally {
      this.checking = false;
    }
  }
}

/** The SDK goes on listening to a signal after the answer, and would tell the server of an abort that is none of its. */
async function whileAsked<T>(signal: AbortSignal, ask: (own: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const own = new AbortController();
  const abort = () => own.abort(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await ask(own.signal);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
