import { DomainError } from '../platform/common/errors/domain.error';
import { type FinishReason } from '../providers/providers.types';
import { type ChatEvent, type ChatRequest, type NextTurn, type Turn } from './chat.types';
import { type LoopState } from './loop-state';
import { modelStep, type Spoken } from './model-step';
import { stopReason } from './stop-rules';
import { type StopReason } from './tool-loop.types';
import { type Round, toolRound } from './tool-round';

/** The reason of an abort by the loop itself. */
class TooLong extends Error {
  override name = 'TooLong';
}

/** What ends a loop that had begun, without being a failure of it. */
const ENDS: Readonly<Record<string, StopReason>> = { budget_exceeded: 'budget', max_cost_reached: 'max_cost' };

/**
 * Model, tools, model …, until the model answers, a rule stops it, or somebody has to decide. Everything is told as it
 * comes; the last event is `finish`, with the usage and cost of all of it. Throws what the first call of the model throws,
 * failures of later ones, and the reason of the turn's signal.
 */
export async function* toolLoop(turn: Turn, next: NextTurn, round: Round): AsyncGenerator<ChatEvent> {
  const { state } = round;
  const late = new AbortController();
  const left = Math.max(0, state.limits.maxDurationMs - state.elapsedMs);
  const timer = setTimeout(() => late.abort(new TooLong()), left);
  const signal = AbortSignal.any([turn.signal, late.signal]);
  try {
    yield* steps({ ...turn, signal }, next, round);
  } catch (error) {
    turn.signal.throwIfAborted();
    const reason = late.signal.aborted ? 'max_duration' : endOf(error, state);
    if (!reason) throw error;
    yield finish(state, 'length', reason);
  } finally {
    clearTimeout(timer);
  }
}

async function* steps(turn: Turn, next: NextTurn, round: Round): AsyncGenerator<ChatEvent> {
  const { state, journal } = round;
  let spoken: Spoken | null = null;
  let end: ChatEvent | null = null;
  while (!end) {
    if (state.open.length === 0) {
      end = spoken?.handsBack ? finish(state, 'tool_calls', null) : (recalled(state) ?? stopped(state));
      if (end) break;
      spoken = yield* modelStep(turn, next, round.toolset, state);
      state.said(spoken);
      for (const [i, call] of spoken.calls.entries()) yield { type: 'server_call', call, place: spoken.places[i] ?? i };
      await journal.said(spoken);
    }
    end = yield* called(turn, round, spoken);
  }
  yield end;
}

/** What follows when the model has spoken. Resolves with the end, if that is it. */
async function* called(turn: Turn, round: Round, spoken: Spoken | null): AsyncGenerator<ChatEvent, ChatEvent | null> {
  const { state, journal } = round;
  const handsBack = spoken?.handsBack ?? false;
  if (state.open.length === 0) return spoken && !handsBack ? answered(spoken, turn.request, state) : null;
  // What the model would not hear of is not done; the client's tools have it called again.
  const stop = handsBack ? null : stopped(state);
  if (stop ?? tooDear(round)) return stop ?? finish(state, 'length', 'max_cost');
  const waiting = journal.waiting();
  for (const { call, reason } of waiting) yield { type: 'approval', call, reason };
  if (waiting.length > 0) return finish(state, 'tool_calls', null);
  yield* toolRound(round, turn.signal);
  return null;
}

/** It had answered, and only that its end was told is missing. */
const recalled = (state: LoopState): ChatEvent | null =>
  state.messages.at(-1)?.role === 'assistant' ? finish(state, 'stop', 'answered') : null;

function stopped(state: LoopState): ChatEvent | null {
  const reason = stopReason(state);
  return reason && finish(state, 'length', reason);
}

/** A failure before anything was said is the caller's to hear of. */
const endOf = (error: unknown, { steps }: LoopState): StopReason | null =>
  steps > 0 && error instanceof DomainError ? (ENDS[error.code] ?? null) : null;

function tooDear({ state, toolset }: Round): boolean {
  const price = state.open.reduce((sum, { name }) => sum + (toolset.find(name)?.price ?? 0n), 0n);
  return state.costLeft !== null && price > state.costLeft;
}

/** An answer cut at what it was allowed to cost is not the whole one. */
function answered(
  { finish: { reason, usage } }: Spoken,
  { maxTokens = Infinity }: ChatRequest,
  state: LoopState,
): ChatEvent {
  const cut = reason === 'length' && state.costLeft !== null && usage.outputTokens < maxTokens;
  return finish(state, reason, cut ? 'max_cost' : 'answered');
}

const finish = (state: LoopState, reason: FinishReason, stop: StopReason | null): ChatEvent => ({
  type: 'finish',
  reason,
  usage: state.usage,
  cost: state.cost,
  estimated: state.estimated,
  stop,
});
