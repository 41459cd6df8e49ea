import { Injectable } from '@nestjs/common';
import { type CallToolRequest, type CallToolResult, type ListToolsResult } from '@modelcontextprotocol/sdk/types.js';
import { type Response as ExpressResponse } from 'express';
import { type Principal } from '../../platform/common/auth/principal';
import { DomainError } from '../../platform/common/errors/domain.error';
import { validationFailed } from '../../platform/common/errors/validation';
import { unwantedSignal } from '../../platform/common/http/client-gone';
import { requestIdOf } from '../../platform/common/http/request-id';
import { newId } from '../../platform/common/ids';
import { ReadinessChecks } from '../../platform/common/readiness';
import { VERSION } from '../../platform/common/version';
import { ToolsService } from '../../tools/tools.service';
import { type Tool } from '../../tools/tools.types';
import { toCallResult, toMcpTool } from './mcp.codec';
import { methodNotAllowed } from './mcp.errors';
import { type McpMessage } from './mcp.schema';
import { sdk } from './sdk';

/** Whatever a client says it accepts: it is answered in JSON. */
const ACCEPT = 'application/json, text/event-stream';
/** The SDK would make one for each request, to check what clients are asked for: nothing. */
const UNUSED = {
  getValidator: (): never => {
    throw new Error('nothing is asked of clients');
  },
};

/**
 * Parley as an MCP server over Streamable HTTP, without sessions: each request is served by itself, by whichever replica it
 * comes to, as its caller.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
 */
@Injectable()
export class McpService {
  constructor(
    private readonly tools: ToolsService,
    private readonly readiness: ReadinessChecks,
  ) {}

  /** What Parley itself can't do is an HTTP error like any other; what a tool can't do is told as its result. */
  async answer(user: Principal, message: McpMessage, res: ExpressResponse): Promise<void> {
    const unwanted = unwantedSignal(res, undefined, this.readiness);
    const { status, body } = await this.readiness.during(this.serve(user, message, res, unwanted));
    res.status(status);
    if (body === null) res.end();
    else res.json(body);
  }

  /** For what this server has none of: streams of its own, and sessions to end. */
  refuse(res: ExpressResponse): never {
    res.setHeader('allow', 'POST');
    throw methodNotAllowed();
  }

  private async serve(user: Principal, message: McpMessage, res: ExpressResponse, unwanted: AbortSignal) {
    const {
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- McpServer wants its tools as zod schemas, known at the start
      Server,
      WebStandardStreamableHTTPServerTransport,
      ListToolsRequestSchema,
      CallToolRequestSchema,
      McpError,
    } = sdk();
    const failed = Promise.withResolvers<never>();
    const orFail = <T>(work: Promise<T>): Promise<T> =>
      work.catch((error: unknown) => {
        if (!(error instanceof McpError)) failed.reject(error); // no matter of the protocol: it ends the request
        throw error;
      });
    const server = new Server(
      { name: 'parley', version: VERSION },
      { capabilities: { tools: {} }, jsonSchemaValidator: UNUSED },
    );
    server.setRequestHandler(ListToolsRequestSchema, () => orFail(this.list(user)));
    server.setRequestHandler(CallToolRequestSchema, ({ params }) => orFail(this.call(user, params, res, unwanted)));
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    await server.connect(transport);
    unwanted.throwIfAborted();
    const gone = () => failed.reject(unwanted.reason as Error);
    unwanted.addEventListener('abort', gone);
    try {
      const answered = transport.handleRequest(toRequest(res), { parsedBody: message });
      return await toAnswer(await Promise.race([answered, failed.promise]));
    } finally {
      unwanted.removeEventListener('abort', gone);
      await server.close();
    }
  }

  private async list(user: Principal): Promise<ListToolsResult> {
    return { tools: (await this.offered(user)).map(toMcpTool) };
  }

  private async call(
    user: Principal,
    { name, arguments: input }: CallToolRequest['params'],
    res: ExpressResponse,
    unwanted: AbortSignal,
  ): Promise<CallToolResult> {
    const tool = (await this.offered(user)).find((one) => one.name === name);
    if (!tool) throw new (sdk().McpError)(sdk().ErrorCode.InvalidParams, `There is no tool '${name}'.`);
    const context = {
      principal: user,
      requestId: requestIdOf(res.req),
      collectionIds: null,
      idempotencyKey: newId(),
    };
    try {
      return toCallResult(tool, await this.tools.execute(tool, JSON.stringify(input ?? {}), context, unwanted));
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { content: [{ type: 'text', text: error.message }], isError: true }; // no room in a budget, no price for one
    }
  }

  /** Not those of other MCP servers: whoever wants them asks those servers, and two Parleys don't list each other for ever. */
  private async offered(user: Principal): Promise<readonly Tool[]> {
    const { tools } = await this.tools.all(user);
    return tools.filter(({ origin }) => origin !== 'mcp');
  }
}

/** As the SDK takes it. Its address is of no account. */
function toRequest({ req }: ExpressResponse): Request {
  const headers = new Headers({ accept: ACCEPT, 'content-type': 'application/json' });
  const version = req.header('mcp-protocol-version');
  if (version !== undefined) headers.set('mcp-protocol-version', version);
  return new Request('http://localhost/mcp', { method: 'POST', headers });
}

async function toAnswer(response: Response): Promise<{ status: number; body: object | null }> {
  const { status, ok } = response;
  const text = await response.text();
  const body = text ? (JSON.parse(text) as { error?: { message: string } }) : null;
  if (!ok) throw validationFailed([{ field: '', message: body?.error?.message ?? 'The request is not valid.' }]);
  return { status, body };
}
