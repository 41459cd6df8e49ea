import { z } from 'zod';

/** A request or notification of JSON-RPC 2.0, as clients of MCP send it. */
export const mcpMessage = z
  .looseObject({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.int()]).optional().meta({ description: 'Absent on notifications' }),
    method: z.string().max(256).meta({ example: 'tools/list' }),
    params: z.looseObject({}).optional(),
  })
  .meta({ description: 'JSON-RPC 2.0: one request or notification, not several' });
export type McpMessage = z.output<typeof mcpMessage>;

/** Only calls of tools count against the caller's limits. The body is not checked yet. */
export const callsOf = (body: unknown): number =>
  typeof body === 'object' && body !== null && 'method' in body && body.method === 'tools/call' ? 1 : 0;
