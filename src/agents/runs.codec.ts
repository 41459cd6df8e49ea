import { type z } from 'zod';
import { type chatMessages, toMessages, toParts } from '../chat/messages.codec';
import { toNativeUsage } from '../chat/native.codec';
import { parseUsd } from '../platform/common/money';
import { type Message, type Part } from '../providers/providers.types';
import { type AgentDefinition } from './agents.types';
import { toUsd } from './run-segment.codec';
import { type ModelCallStepDto, type RunDto, type RunSummaryDto, type ToolCallStepDto } from './runs.dto';
import { type RunBody } from './runs.schema';
import { type ModelCallStep, type Run, type RunSettings, type RunStep, type ToolCallStep } from './runs.types';

/** What documents an agent has are to be found by tools. */
const DOCUMENT_TOOLS = ['search_documents', 'read_document'];

/** What the request says comes before what the agent says; but what the agent holds it to it can only hold closer. */
export function toSettings(body: RunBody, agent: AgentDefinition | null): RunSettings {
  const collectionIds = body.collection_ids ?? agent?.collection_ids ?? [];
  const tools = body.tools ?? agent?.tools ?? [];
  const instructions = body.instructions ?? agent?.instructions ?? '';
  const system: Message[] = instructions ? [{ role: 'system', parts: [{ type: 'text', text: instructions }] }] : [];
  const given = {
    model: body.model ?? agent?.model,
    fallbacks: body.fallbacks,
    maxSteps: least(body.max_steps, agent?.max_steps),
    maxCostUsd: cheaper(body.max_cost_usd, agent?.max_cost_usd),
    maxDurationMs: least(body.max_duration_ms, agent?.max_duration_ms),
    maxTokens: body.max_tokens,
    temperature: body.temperature ?? agent?.temperature,
    reasoningEffort: body.reasoning_effort ?? agent?.reasoning_effort,
    endUser: body.user,
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== null));
  return {
    messages: [...system, ...toInput(body.input)],
    tools: [...new Set([...tools, ...(collectionIds.length > 0 ? DOCUMENT_TOOLS : [])])],
    approve: [...new Set([...(agent?.approve ?? []), ...(body.approve ?? [])])],
    collectionIds: [...collectionIds],
    ...set,
  };
}

type Limit<T> = T | null | undefined;
const least = (a: Limit<number>, b: Limit<number>) =>
  typeof a === 'number' && typeof b === 'number' ? Math.min(a, b) : (a ?? b);
const cheaper = (a: Limit<string>, b: Limit<string>) =>
  typeof a === 'string' && typeof b === 'string' ? (parseUsd(a) < parseUsd(b) ? a : b) : (a ?? b);

/** Text or parts are one message; messages have roles. */
function toInput(input: RunBody['input']): Message[] {
  if (typeof input === 'string') return [{ role: 'user', parts: toParts(input) }];
  return areMessages(input) ? toMessages(input) : [{ role: 'user', parts: toParts(input) }];
}

type Messages = z.output<typeof chatMessages>;
const areMessages = (input: Exclude<RunBody['input'], string>): input is Messages =>
  input.some((item) => 'role' in item);

export function toSummary(run: Run): RunSummaryDto {
  const { error, settings } = run;
  return {
    id: run.id,
    input: inputOf(settings),
    status: run.status,
    stop_reason: run.stop_reason,
    output: run.output,
    usage: toNativeUsage(run.usage),
    cost_usd: toUsd(run.cost_usd),
    unpriced: run.cost_usd === null,
    error: error && { code: error.code, message: error.message },
    agent_id: run.agent_id,
    agent_version: run.agent_version,
    duration_ms: run.elapsed_ms,
    decide_by: run.decide_by?.toISOString() ?? null,
    created_at: run.created_at.toISOString(),
    finished_at: run.finished_at?.toISOString() ?? null,
  };
}

const inputOf = ({ messages }: RunSettings): string =>
  textOf(messages.findLast(({ role }) => role === 'user')?.parts ?? [], 'text');

export const toRun = (run: Run, steps: readonly RunStep[]): RunDto => ({
  ...toSummary(run),
  model: run.settings.model ?? null,
  tools: run.settings.tools,
  approve: run.settings.approve,
  collection_ids: run.settings.collectionIds,
  max_steps: run.settings.maxSteps ?? null,
  max_cost_usd: run.settings.maxCostUsd ?? null,
  max_duration_ms: run.settings.maxDurationMs ?? null,
  steps: steps.map((step) => (step.kind === 'model_call' ? toModelCall(step) : toToolCall(step))),
});

function toModelCall(step: ModelCallStep): ModelCallStepDto {
  const reasoning = textOf(step.parts, 'reasoning');
  return {
    type: 'model_call',
    index: step.seq,
    status: step.status,
    content: textOf(step.parts, 'text') + textOf(step.parts, 'refusal'),
    ...(reasoning ? { reasoning } : {}),
    tool_calls: step.parts.flatMap((part) =>
      part.type === 'tool_call' ? [{ id: part.id, name: part.name, arguments: part.arguments }] : [],
    ),
    model: step.provider && `${step.provider}/${step.model}`,
    provider: step.provider,
    usage: step.usage && toNativeUsage(step.usage),
    cost_usd: toUsd(step.cost_usd),
    duration_ms: step.duration_ms,
    created_at: step.created_at.toISOString(),
  };
}

const toToolCall = (step: ToolCallStep): ToolCallStepDto => ({
  type: 'tool_call',
  index: step.seq,
  status: step.status,
  call_id: step.call_id,
  name: step.name,
  arguments: step.arguments,
  wait_reason: step.wait_reason,
  decision: step.decision,
  decision_reason: step.decision_reason,
  decided_arguments: step.decided_arguments,
  decided_by: step.decided_by,
  result: step.result && {
    content: step.result.content,
    is_error: step.result.isError,
    truncated: step.result.truncated,
  },
  cost_usd: toUsd(step.cost_usd),
  duration_ms: step.duration_ms,
  created_at: step.created_at.toISOString(),
});

const textOf = (parts: readonly Part[], type: 'text' | 'refusal' | 'reasoning'): string =>
  parts.map((part) => (part.type === type ? part.text : '')).join('');
