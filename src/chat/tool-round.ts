import { type ToolContext, type ToolResult } from '../tools/tools.types';
import { type Toolset, type ToolsService } from '../tools/tools.service';
import { type ChatEvent } from './chat.types';
import { type LoopState } from './loop-state';
import { refused } from './steps.codec';
import { type Journal, type ToolCall } from './tool-loop.types';

/** Calls of one step that are executed at the same time, and those that are executed at all. */
const AT_ONCE = 8;
const MOST_CALLS = 64;

export interface Round {
  toolset: Toolset;
  tools: ToolsService;
  journal: Journal;
  state: LoopState;
  context: Omit<ToolContext, 'idempotencyKey'>;
}

/**
 * Executes the open calls of a step, several at a time; one after the other, in the order of the calls, when one of their
 * tools writes. Each result is kept before it is told. Throws what ends the loop.
 */
export async function* toolRound(round: Round, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const { toolset, state } = round;
  const calls = [...state.open];
  const inOrder = calls.some(({ name }) => toolset.find(name)?.sideEffects === 'writes');
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const running = new Map<ToolCall, Promise<ChatEvent>>();
  const waiting = calls.entries();
  const begin = () => {
    while (running.size < (inOrder ? 1 : AT_ONCE)) {
      const { value, done } = waiting.next();
      if (done) return;
      const [place, call] = value;
      running.set(call, answer(round, call, place, until));
    }
  };
  try {
    begin();
    while (running.size > 0) {
      const event = await Promise.race(running.values());
      if ('call' in event) running.delete(event.call);
      yield event;
      begin();
    }
  } finally {
    ended.abort(new Error('the round is over'));
    await Promise.allSettled(running.values());
  }
}

async function answer(round: Round, call: ToolCall, place: number, signal: AbortSignal): Promise<ChatEvent> {
  const { journal, state } = round;
  const claim = await journal.claim(call);
  const result = 'result' in claim ? claim.result : await execute(round, { ...call, ...claim }, place, signal);
  if ('note' in claim && claim.note) result.content = claim.note + result.content;
  const told = state.answered(call, result);
  await journal.done(call, told);
  return { type: 'server_result', call, result: told };
}

function execute(
  { toolset, tools, context }: Round,
  call: ToolCall & { key: string },
  place: number,
  signal: AbortSignal,
): Promise<ToolResult> | ToolResult {
  const tool = toolset.find(call.name);
  if (!tool) return refused(`There is no tool '${call.name}'. There are: ${namesOf(toolset)}.`);
  if (place >= MOST_CALLS) return refused(`Not executed: at most ${MOST_CALLS} calls are at a time.`);
  return tools.execute(tool, call.arguments, { ...context, idempotencyKey: call.key }, signal);
}

const namesOf = ({ tools }: Toolset) => tools.map(({ name }) => name).join(', ') || 'none';
