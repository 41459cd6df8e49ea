import { type Principal } from '../platform/common/auth/principal';
import { type PicoUsd } from '../platform/common/money';

/** Whose spending it is. */
export type Account = Pick<Principal, 'workspaceId' | 'userId' | 'apiKeyId'>;

/** What a call was for. */
export type UsageKind = 'chat' | 'embeddings' | 'indexing' | 'search' | 'tools';

/** How a call ended. `interrupted`: its process died, and the row was written from its last tally. */
export type Outcome = 'success' | 'error' | 'cancelled' | 'interrupted';

/** One attempt at a model, as it is recorded: what it used, what it cost, whom it is billed to. */
export interface CallRecord {
  /** Also the id of its lease. */
  id: string;
  /** The call it was made for. Of its attempts one, the last, counts as the request; what the others used counts too. */
  callId: string;
  /** Another attempt followed, or was faster. */
  superseded: boolean;
  at: Date;
  workspaceId: string;
  userId: string;
  apiKeyId: string | null;
  endUser: string | null;
  kind: UsageKind;
  provider: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  /** Null: the model has no known price. */
  cost: PicoUsd | null;
  /** The tokens are our estimate, because the provider told none. */
  estimated: boolean;
  outcome: Outcome;
  errorCode: string | null;
  latencyMs: number;
  /** To the first content; null when there was none. */
  ttftMs: number | null;
  requestId: string;
  messageId: string | null;
}

/** How one model did over a while. Quantiles are the median and the 95th percentile; null when nothing was measured. */
export interface TargetAttempts {
  provider: string;
  model: string;
  attempts: number;
  successes: number;
  failures: number;
  ttftMs: [number, number] | null;
  tokensPerSecond: [number, number] | null;
}

/** A call under way: its record so far, at any moment. */
export interface LiveCall {
  readonly id: string;
  record(): CallRecord;
}
