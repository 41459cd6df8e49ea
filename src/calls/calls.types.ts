import { type PicoUsd } from '../platform/common/money';
import { type Principal } from '../platform/common/auth/principal';
import { type Rate } from '../platform/common/http/rate-headers';
import { type Plan } from '../providers/providers.service';
import {
  type FinishReason,
  type GenerationRequest,
  type ModelEvent,
  type TokenUsage,
} from '../providers/providers.types';
import { type CallRecord, type UsageKind } from '../usage/usage.types';

/** What is asked of whom. */
export interface Asked {
  readonly principal: Principal;
  /** As the caller named it, a model or a route; absent for the default. */
  readonly model?: string;
  /** Asked one after the other when that fails. */
  readonly fallbacks?: readonly string[];
  /** Asked together with it; the first to say something wins. */
  readonly race?: readonly string[];
  readonly request: GenerationRequest;
}

/** A call to be made. */
export interface CallOrder extends Asked {
  readonly kind: UsageKind;
  readonly requestId: string;
  /** The stored message it answers, if any. */
  readonly messageId: string | null;
  /** Whether to ask the provider for a stream. */
  readonly stream: boolean;
  /** Bounds the whole call, retries included; never longer than configured. */
  readonly timeoutMs?: number;
  /** Rather a shorter answer than none, when a budget has no room for the longest. */
  readonly allowTruncate?: boolean;
  readonly signal: AbortSignal;
  /** Told what is left of the tokens the caller may use, where those are limited. */
  readonly onAdmitted?: (tokens: Rate) => void;
  /** Told every event, before it is passed on. */
  readonly onEvent?: (event: CallEvent) => void;
  /** Told what each attempt is billed, however it ended. */
  readonly onSettled?: (record: CallRecord) => void;
}

/** One paid call of a model, of one attempt or several. Stages fill in `plan`; a budget may limit the answer. */
export interface ModelCall extends CallOrder {
  readonly id: string;
  request: GenerationRequest;
  readonly timeoutMs: number;
  plan: Plan | null;
}

/**
 * A model's events, with what is known only here: who answers after how many attempts, and what the whole call cost.
 * `cost` is null when a model has no known price; `estimated` says that the provider told no usage.
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
