import { type Principal } from '../platform/common/auth/principal';
import { type CallEvent } from '../calls/calls.types';
import { type GenerationRequest } from '../providers/providers.types';
import { type Answer } from './answer';

export type { Answer } from './answer';

/** What every surface turns its request into. */
export interface ChatRequest extends GenerationRequest {
  /** As the caller named it, a model or a route; absent for the default. */
  model?: string;
  /** Asked one after the other when that fails. */
  fallbacks?: string[];
  /** Asked together with it; the first to say something wins. */
  race?: string[];
  /** Whether to ask the provider for a stream: also for a plain answer whose text is kept as it comes. */
  stream: boolean;
  timeoutMs?: number;
  allowTruncate?: boolean;
}

/** What every surface turns into its wire format. */
export type ChatEvent = CallEvent;

/** One answer to a user. */
export interface Turn {
  readonly principal: Principal;
  readonly requestId: string;
  /** The stored message that is the answer, if any. */
  readonly messageId: string | null;
  readonly request: ChatRequest;
  readonly signal: AbortSignal;
  /** Filled as the events go by; true at any moment. */
  readonly answer: Answer;
}

export type NextTurn = (turn: Turn) => AsyncIterable<ChatEvent>;

/** One concern of a turn. A stage that does not look at events returns `next(turn)` itself and costs nothing per token. */
export type TurnStage = (turn: Turn, next: NextTurn) => AsyncIterable<ChatEvent>;
