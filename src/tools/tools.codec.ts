import { formatUsd } from '../platform/common/money';
import { type ToolDto } from './tools.dto';
import { type Tool } from './tools.types';

export const toTool = (tool: Tool): ToolDto => ({
  name: tool.name,
  description: tool.description,
  origin: tool.origin,
  parameters: tool.parameters,
  output_schema: tool.output,
  price_usd: formatUsd(tool.price),
  timeout_ms: tool.timeoutMs,
  side_effects: tool.sideEffects,
  idempotent: tool.idempotent,
});
