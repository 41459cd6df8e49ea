import { type Answer, type ChatRequest } from '../chat/chat.types';
import { endFrame, errorFrame, toNativeUsage } from '../chat/native.codec';
import { type StopReason } from '../chat/tool-loop.types';
import { DomainError } from '../platform/common/errors/domain.error';
import { toProblem } from '../platform/common/errors/problem';
import { Cancelled } from '../platform/common/http/client-gone';
import { formatUsd, parseUsd, type PicoUsd } from '../platform/common/money';
import { type Part, type TokenUsage } from '../providers/providers.types';
import { type Toolset } from '../tools/tools.service';
import { type RunEnd } from './run-steps.repository';
import { type Run, type RunSettings, type RunStatus } from './runs.types';

/** What the model is asked, by this segment or any other. */
export function toRequest(settings: RunSettings, toolset: Toolset): ChatRequest {
  const { messages, collectionIds, model, fallbacks, maxTokens, temperature, reasoningEffort, endUser } = settings;
  const { maxSteps, maxCostUsd, maxDurationMs } = settings;
  return {
    messages,
    stream: true,
    serverTools: toolset.tools.map(({ name }) => name),
    limits: {
      ...(maxSteps === undefined ? {} : { maxSteps }),
      ...(maxCostUsd === undefined ? {} : { maxCost: parseUsd(maxCostUsd) }),
      ...(maxDurationMs === undefined ? {} : { maxDurationMs }),
    },
    ...(collectionIds.length > 0 ? { toolCollections: collectionIds } : {}),
    ...(model === undefined ? {} : { model }),
    ...(fallbacks === undefined ? {} : { fallbacks }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(reasoningEffort === undefined ? {} : { reasoningEffort }),
    ...(endUser === undefined ? {} : { endUser }),
  };
}

interface Totals {
  usage: TokenUsage;
  cost: PicoUsd | null;
  elapsedMs: number;
}

/** What ends a run that had begun, without being a failure of it. */
const STOPS: Readonly<Record<string, StopReason>> = { budget_exceeded: 'budget', max_cost_reached: 'max_cost' };

/** How a run ended with this segment. @param totals of the whole run */
export function toEnd(answer: Answer | null, failure: unknown, { usage, cost, elapsedMs }: Totals): RunEnd {
  const [status, stopReason] = failure === null ? ended(answer?.stopReason ?? null) : failed(failure);
  return {
    status,
    stopReason,
    finishReason: answer?.content.finishReason() ?? null,
    output: answer && lastWords(answer.content.parts()),
    error: status === 'failed' ? toProblem(failure, '').error : null,
    usage,
    cost,
    elapsedMs,
    decideWithinS: null,
  };
}

const ended = (stop: StopReason | null): [RunStatus, StopReason | null] =>
  stop === 'answered' ? ['completed', stop] : ['stopped', stop];

function failed(failure: unknown): [RunStatus, StopReason] {
  if (failure instanceof Cancelled) return ['cancelled', 'cancelled'];
  const stop = failure instanceof DomainError ? STOPS[failure.code] : undefined;
  return stop ? ['stopped', stop] : ['failed', 'error'];
}

/** What was said since the last call of a tool; null when nothing was. */
function lastWords(parts: readonly Part[]): string | null {
  const since = parts.findLastIndex(({ type }) => type === 'tool_call' || type === 'tool_result');
  const words = parts
    .slice(since + 1)
    .map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : ''));
  return words.join('') || null;
}

/** The last event of a run that has ended, or waits. */
export function endOfRun(run: Run): string {
  const { id, told, status, stop_reason, output, error, cost_usd, request_id } = run;
  if (status === 'failed') return errorFrame(told, { ...UNKNOWN_ERROR, ...error, request_id });
  return endFrame(told, {
    run_id: id,
    status,
    stop_reason,
    finish_reason:
      status === 'cancelled' ? 'cancelled' : (run.finish_reason ?? (status === 'stopped' ? 'length' : 'stop')),
    output,
    usage: toNativeUsage(run.usage),
    cost_usd: toUsd(cost_usd),
    unpriced: cost_usd === null,
  });
}

export const toUsd = (stored: string | null): string | null => (stored === null ? null : formatUsd(parseUsd(stored)));

const UNKNOWN_ERROR = { type: 'server_error', code: 'internal_error', message: '', param: null, details: [] };
