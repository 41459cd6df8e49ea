import { type Principal } from '../platform/common/auth/principal';
import { type NoEvidence } from '../platform/config/parley-yaml';
import { type GenerationRequest } from '../providers/providers.types';
import { type Filter } from '../rag/filter.types';
import { type Rerank, type SearchMode } from '../rag/search.types';
import { type CallRecord } from '../usage/usage.types';
import { type Answer } from './answer';
import { type ChatEvent } from './event.types';
import { type Journal, type LoopLimits } from './tool-loop.types';

export type { Answer } from './answer';
export type { ChatEvent } from './event.types';

/** Which collections an answer is grounded in, and how they are searched. What is absent is as `rag` of `parley.yaml` says. */
export interface Grounding {
  collectionIds: readonly string[];
  k?: number;
  mode?: SearchMode;
  filter?: Filter;
  rerank?: Rerank;
  minScore?: number;
  noEvidence?: NoEvidence;
  rewrite?: boolean;
}

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
  grounding?: Grounding;
  /** Tools that are executed here: names, or names with a `*`. */
  serverTools?: readonly string[];
  /** What documents those tools may look at; absent for those it is grounded in, or else all that the caller may read. */
  toolCollections?: readonly string[];
  /** Of a loop of model and tools; what is absent is as `tools` of `parley.yaml` says. */
  limits?: Partial<LoopLimits>;
}

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
  /** To be told each event that leaves, before it does: it becomes part of the answer. */
  readonly record: (event: ChatEvent) => void;
  /** To be told what each attempt at a model is billed, however it ended. */
  readonly settle: (record: CallRecord) => void;
  /** Where a loop of model and tools keeps what it does; null where nobody will go on with it. */
  readonly journal: Journal | null;
}

export type NextTurn = (turn: Turn) => AsyncIterable<ChatEvent>;

/** One concern of a turn. A stage that does not look at events returns `next(turn)` itself and costs nothing per token. */
export type TurnStage = (turn: Turn, next: NextTurn) => AsyncIterable<ChatEvent>;
