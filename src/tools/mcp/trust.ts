import { type Tool } from '../tools.types';
import { type ListedTool, type McpListing } from './mcp.types';

/**
 * What a tool does to the world. A server says it of itself, so only admins decide whether to believe it: without
 * `trust_annotations` all its tools have the side effects that were set for the server. A tool that says it does change
 * something is always believed.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/server/tools#tool hints are not to be trusted by default
 */
export function effectsOf(
  { side_effects, trust_annotations }: Pick<McpListing, 'side_effects' | 'trust_annotations'>,
  { read_only, idempotent }: Pick<ListedTool, 'read_only' | 'idempotent'>,
): Pick<Tool, 'sideEffects' | 'idempotent'> {
  const reads = trust_annotations && read_only === true && side_effects === 'writes';
  const sideEffects = read_only === false ? 'writes' : reads ? 'reads' : side_effects;
  return { sideEffects, idempotent: sideEffects !== 'writes' || (trust_annotations && idempotent === true) };
}
