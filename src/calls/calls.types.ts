import { type PicoUsd } from '../platform/common/money';
import { type Principal } from '../platform/common/auth/principal';
import { type Target } from '../providers/providers.service';
import {
  type FinishReason,
  type GenerationRequest,
  type ModelEvent,
  type TokenUsage,
} from '../providers/providers.types';
import { type CallRecord, type UsageKind } from '../usage/usage.types';
import { type Tally } from './tally';

/** One paid call of a model: who asks for what, and what it has used so far. Stages fill in `target`. */
export interface ModelCall {
  /** Of its lease and its usage row. */
  readonly id: string;
  readonly principal: Principal;
  readonly kind: UsageKind;
  readonly requestId: string;
  /** The stored message it answers, if any. */
  readonly messageId: string | null;
  /** As the caller named it; undefined for the default. */
  readonly model: string | undefined;
  readonly request: GenerationRequest;
  /** Whether to ask the provider for a stream. */
  readonly stream: boolean;
  /** Bounds the whole call, retries included. */
  readonly timeoutMs: number;
  readonly tally: Tally;
  /** Told what the call is billed, however it ended. */
  readonly onSettled?: (record: CallRecord) => void;
  target: Target | null;
  signal: AbortSignal;
}

/**
 * A model's events, with what is known only here: who answers, and what it cost.
 * `cost` is null when the model has no known price; `estimated` says that the provider told no usage.
 */
export type CallEvent =
  | Exclude<ModelEvent, { type: 'start' | 'finish' }>
  | { type: 'start'; provider: string; model: string; attempts: number }
  | {
      type: 'finish';
      reason: FinishReason;
      reasons?: FinishReason[];
      usage: TokenUsage;
      cost: PicoUsd | null;
      estimated: boolean;
    };

export type NextCall = (call: ModelCall) => AsyncIterable<CallEvent>;

/** One concern of a model call: it may change the call on the way in, watch events on the way back, settle in `finally`. */
export type CallStage = (call: ModelCall, next: NextCall) => AsyncIterable<CallEvent>;
