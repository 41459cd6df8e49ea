import { formatUsd, parseUsd } from '../../platform/common/money';
import { type CustomToolDto } from './custom-tools.dto';
import { type CustomTool } from './custom-tools.types';

export const toCustomTool = (tool: CustomTool): CustomToolDto => ({
  id: tool.id,
  kind: tool.kind,
  title: tool.title,
  header_names: tool.header_names,
  tools: tool.operations.map((operation) => ({
    name: operation.name,
    description: operation.description,
    method: operation.method,
    url: operation.url,
    parameters: operation.parameters,
    side_effects: operation.sideEffects,
    idempotency_header: operation.idempotencyHeader,
    timeout_ms: operation.timeoutMs,
    price_usd: formatUsd(parseUsd(operation.priceUsd)),
  })),
  created_at: tool.created_at,
  updated_at: tool.updated_at,
});
