import { type CallFinish } from '../calls/calls.types';
import { sumOf } from '../platform/common/money';
import { Collector } from '../providers/collector.codec';
import { NO_USAGE, sumOfUsage } from '../providers/providers.types';
import { type Toolset } from '../tools/tools.service';
import { type CallRecord } from '../usage/usage.types';
import { type ChatEvent, type ChatRequest, type NextTurn, type Turn } from './chat.types';
import { type LoopState } from './loop-state';
import { StreamedCalls } from './streamed-calls';
import { type ModelStep } from './tool-loop.types';
import { usageOf } from './usage.codec';

/** Between what the model said before its tools were executed and after; where steps are kept apart there is no need. */
const PARAGRAPH: ChatEvent = { type: 'text', delta: '\n\n' };

export interface Spoken extends ModelStep {
  finish: CallFinish;
  /** Of each of the `calls`, among all of the step. */
  places: number[];
  /** Whether there are tools for the client to execute. */
  handsBack: boolean;
}

/**
 * One call of the model within a loop. What it says is passed on as it comes, also calls of the client's own tools; those
 * executed here are not told yet.
 */
export async function* modelStep(
  turn: Turn,
  next: NextTurn,
  toolset: Toolset,
  state: LoopState,
): AsyncGenerator<ChatEvent, Spoken> {
  const began = performance.now();
  const content = new Collector();
  const calls = new StreamedCalls(turn.request.tools ?? [], (id) => state.uniqueId(id));
  const step = {
    provider: null as string | null,
    model: null as string | null,
    usage: NO_USAGE,
    cost: 0n as bigint | null,
  };
  const settle = (record: CallRecord) => {
    const usage = record.superseded ? NO_USAGE : usageOf(record);
    state.spend(usage, record.cost);
    state.estimated ||= record.estimated;
    Object.assign(step, { usage: sumOfUsage(step.usage, usage), cost: sumOf(step.cost, record.cost) });
    turn.settle(record);
  };
  let finish: CallFinish | null = null;
  let spoke = false;
  for await (const event of next({
    ...turn,
    request: asked(turn.request, toolset, state),
    record: unrecorded,
    settle,
  })) {
    if (event.type === 'tool_call') {
      const delta = calls.identified(event);
      content.add(delta);
      const passed = calls.passed(delta);
      if (passed) yield passed;
      continue;
    }
    if (isOfModel(event)) content.add(event);
    if (event.type === 'finish') {
      finish = event; // told when all that belongs to it is known
      continue;
    }
    if (event.type === 'start') {
      Object.assign(step, { provider: event.provider, model: event.model });
      if (state.started) continue; // who answers is told once
      state.started = true;
    }
    if (event.type === 'text' && !spoke) {
      spoke = true;
      if (state.spoke && !turn.journal) yield PARAGRAPH;
      state.spoke = true;
    }
    yield event;
  }
  if (!finish) throw new Error('a model call ended without its end');
  const parts = content
    .parts()
    .map((part) =>
      part.type === 'tool_call' && !calls.isClients(part.name) ? { ...part, server: true as const } : part,
    );
  const all = parts.filter((part) => part.type === 'tool_call');
  const ours = all.filter(({ server }) => server);
  return {
    ...step,
    parts,
    calls: ours.map(({ id, name, arguments: text }) => ({ id, name, arguments: text })),
    durationMs: Math.round(performance.now() - began),
    finish,
    handsBack: calls.passedOn > 0,
    places: ours.map((call) => all.indexOf(call)),
  };
}

/** A tool the model had to call is called once: it would never come to an answer. */
function asked(request: ChatRequest, toolset: Toolset, state: LoopState): ChatRequest {
  const { messages, toolChoice, tools = [], ...rest } = request;
  const all = [...tools, ...toolset.definitions];
  const forced = toolChoice === 'required' || typeof toolChoice === 'object';
  const maxCost = state.costLeft;
  return {
    ...rest,
    messages: [...messages, ...state.messages],
    ...(all.length > 0 ? { tools: all } : {}),
    ...(toolChoice !== undefined && !(forced && state.steps > 0) ? { toolChoice } : {}),
    limits: maxCost === null ? {} : { maxCost },
  };
}

/** What is recorded is what leaves the loop. */
const unrecorded = () => undefined;

type OfModel = Extract<ChatEvent, { type: 'text' | 'refusal' | 'reasoning' | 'opaque' }>;
const isOfModel = (event: ChatEvent): event is OfModel =>
  event.type === 'text' || event.type === 'refusal' || event.type === 'reasoning' || event.type === 'opaque';
