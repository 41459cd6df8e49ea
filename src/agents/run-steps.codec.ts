import { type PastStep, type ToolCall } from '../chat/tool-loop.types';
import { parseUsd } from '../platform/common/money';
import { NO_USAGE } from '../providers/providers.types';
import { type ToolResult } from '../tools/tools.types';
import { type RunStep, type ToolCallStep } from './runs.types';

export const toCall = ({ call_id, name, arguments: text }: ToolCallStep): ToolCall => ({
  id: call_id,
  name,
  arguments: text,
});

export const toResult = ({ result, cost_usd, duration_ms }: ToolCallStep): ToolResult | null =>
  result && { ...result, cost: cost_usd === null ? null : parseUsd(cost_usd), durationMs: duration_ms ?? 0 };

/** The steps of a run as its loop goes on from them. What was cut short is not told to the model. */
export function toPast(steps: readonly RunStep[]): PastStep[] {
  const past: (PastStep & { results: Map<string, ToolResult> })[] = [];
  for (const step of steps) {
    if (step.kind === 'model_call') {
      if (step.status === 'partial') continue;
      const { parts, usage, cost_usd } = step;
      const cost = cost_usd === null ? null : parseUsd(cost_usd);
      past.push({ parts, usage: usage ?? NO_USAGE, cost, calls: [], results: new Map() });
      continue;
    }
    const last = past.at(-1);
    last?.calls.push(toCall(step));
    const result = toResult(step);
    if (result) last?.results.set(step.call_id, result);
  }
  return past;
}
