import { type CallToolResult, type Tool as McpTool } from '@modelcontextprotocol/sdk/types.js';
import { type Tool, type ToolResult } from '../../tools/tools.types';

/** As a client of MCP is told it. Its annotations are hints, as the protocol has them. */
export const toMcpTool = (tool: Tool): McpTool => ({
  name: tool.name,
  description: tool.description,
  inputSchema: { ...tool.parameters, type: 'object' },
  ...(structured(tool) ? { outputSchema: { ...tool.output, type: 'object' } } : {}),
  annotations: {
    readOnlyHint: tool.sideEffects !== 'writes',
    destructiveHint: tool.sideEffects === 'writes',
    idempotentHint: tool.idempotent,
    openWorldHint: tool.sideEffects !== 'none',
  },
});

/**
 * A tool that promises structured content and whose result was cut has none to give, which the protocol allows only of
 * errors: the text says that it was cut.
 */
export function toCallResult(tool: Tool, { content, isError, truncated }: ToolResult): CallToolResult {
  const text = [{ type: 'text' as const, text: content }];
  if (isError || (structured(tool) && truncated)) return { content: text, isError: true };
  return structured(tool)
    ? { content: text, structuredContent: JSON.parse(content) as Record<string, unknown> }
    : { content: text };
}

/** The protocol knows only objects. */
const structured = ({ output }: Tool): boolean => output?.['type'] === 'object';
