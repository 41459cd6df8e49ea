import { type PicoUsd } from '../platform/common/money';
import { type Principal } from '../platform/common/auth/principal';
import { type Rate } from '../platform/common/http/rate-headers';
import { type Plan } from '../providers/providers.service';
import {
  type CallRequest,
  type EmbeddingRequest,
  type FinishReason,
  type GenerationRequest,
  type ModelEvent,
  type TokenUsage,
} from '../providers/providers.types';
import { type Account, type CallRecord, type UsageKind } from '../usage/usage.types';

/** Who pays for a call, and what it is held to: without `rules` nothing, without a `tier` (in jobs nobody waits for) no limits but budgets. */
export type Payer = Account & Partial<Pick<Principal, 'rules' | 'tier'>>;

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
  /** The call, retries included, costs no more: its answer is as long as there is room for. */
  readonly mostCost?: PicoUsd;
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

export type TellVectors = (vectors: Float32Array[], from: number) => void;

/** Texts to be made into vectors, by one model: those of several can't be compared. */
export interface EmbedOrder {
  readonly principal: Payer;
  readonly model: string;
  readonly request: EmbeddingRequest;
  readonly kind: UsageKind;
  readonly requestId: string;
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
  /** Told what is left of the tokens the caller may use, where those are limited. */
  readonly onAdmitted?: (tokens: Rate) => void;
  /** Told the vectors of some inputs, those from `from` on, as soon as they are there. */
  readonly onVectors?: TellVectors;
  /** Told what each attempt is billed, however it ended. */
  readonly onSettled?: (record: CallRecord) => void;
}

/** `cost` is null when the model has no known price; `estimated` says that the provider told no usage. */
export interface Embedded {
  /** One for each input, in their order. */
  vectors: Float32Array[];
  provider: string;
  model: string;
  attempts: number;
  tokens: number;
  cost: PicoUsd | null;
  estimated: boolean;
}

/** One paid call of a model, of one attempt or several. Stages fill in `plan`; a budget may limit the answer. */
export interface ModelCall extends Omit<CallOrder, 'principal' | 'request'> {
  readonly principal: Payer;
  readonly id: string;
  request: CallRequest;
  /** Told all vectors of an embedding, before its `finish`. */
  readonly onVectors?: TellVectors;
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

export type CallStart = Extract<CallEvent, { type: 'start' }>;
export type CallFinish = Extract<CallEvent, { type: 'finish' }>;

export type NextCall = (call: ModelCall) => AsyncIterable<CallEvent>;

/** One concern of a model call: it may change the call on the way in, watch events on the way back, settle in `finally`. */
export type CallStage = (call: ModelCall, next: NextCall) => AsyncIterable<CallEvent>;
