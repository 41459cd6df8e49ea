import { type StopReason, type WaitReason } from '../chat/tool-loop.types';
import { type ErrorBody } from '../platform/common/errors/problem';
import {
  type FinishReason,
  type Message,
  type Part,
  type ReasoningEffort,
  type TokenUsage,
} from '../providers/providers.types';
import { type SideEffects } from '../tools/tools.types';

export const RUN_STATUSES = [
  'queued',
  'running',
  'waiting_for_approval',
  'completed',
  'stopped',
  'failed',
  'cancelled',
] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/** What a run was asked for, agent and request together; it does not change. Absent is what the configuration says. */
export interface RunSettings {
  /** Instructions included. */
  messages: Message[];
  model?: string;
  fallbacks?: string[];
  /** Names, which may have a `*`. */
  tools: string[];
  approve: string[];
  collectionIds: string[];
  maxSteps?: number;
  /** Decimal text in USD. */
  maxCostUsd?: string;
  maxDurationMs?: number;
  maxTokens?: number;
  temperature?: number;
  reasoningEffort?: ReasoningEffort;
  endUser?: string;
}

/** Why a run failed, or was cancelled by nobody. */
export type RunError = Pick<ErrorBody, 'code' | 'message'> & Partial<ErrorBody>;

/** A run as it is read. */
export interface Run {
  id: string;
  workspace_id: string;
  user_id: string;
  api_key_id: string | null;
  agent_id: string | null;
  agent_version: number | null;
  request_id: string;
  settings: RunSettings;
  status: RunStatus;
  stop_reason: StopReason | null;
  finish_reason: FinishReason | null;
  /** What the model said last. */
  output: string;
  error: RunError | null;
  usage: TokenUsage;
  /** Null when a model has no known price. */
  cost_usd: string | null;
  elapsed_ms: number;
  job_version: number;
  /** Of the processes, one after the other, that carried it on. Each has a log, whose first event follows `log_base`. */
  segment: number;
  log_base: number;
  /** The number of the last event that may have been told. */
  told: number;
  /** Numbers after which a process went on where another died: what was told between the last event that is stored and such a number is void. */
  resumed: number[];
  decide_by: Date | null;
  created_at: Date;
  started_at: Date | null;
  finished_at: Date | null;
}

export const DECISIONS = ['approve', 'reject', 'edit'] as const;
export type Decision = (typeof DECISIONS)[number];

interface StepRow {
  id: string;
  /** Its place among all of them, from 1. */
  seq: number;
  cost_usd: string | null;
  duration_ms: number | null;
  /** The number of its first event; null before it was told. */
  first_event: number | null;
  created_at: Date;
}

/** A call of the model; `partial`: cut short. */
export interface ModelCallStep extends StepRow {
  kind: 'model_call';
  status: 'complete' | 'partial';
  parts: Part[];
  provider: string | null;
  model: string | null;
  usage: TokenUsage | null;
  /** As of a message; see `StoredMessage.eventLengths`. */
  event_lengths: number[];
}

/** A call of a tool, which is also the record of its execution: its id is the idempotency key. */
export interface ToolCallStep extends StepRow {
  kind: 'tool_call';
  status: 'pending' | 'waiting' | 'running' | 'complete';
  call_id: string;
  name: string;
  arguments: string;
  side_effects: SideEffects | null;
  wait_reason: WaitReason | null;
  decision: Decision | null;
  decided_arguments: string | null;
  decided_by: string | null;
  /** Of the tool when the call was made. */
  revision: string | null;
  decision_reason: string | null;
  result: StoredResult | null;
}

export type RunStep = ModelCallStep | ToolCallStep;

/** What came out of a tool, as the model was told it. */
export interface StoredResult {
  content: string;
  isError: boolean;
  truncated: boolean;
}

/** Which process carries a run on, and the how-manieth: nobody else writes to it. */
export interface Hold {
  runId: string;
  owner: string;
  segment: number;
}

/** What a decision about calls that wait is. */
export interface Verdict {
  /** Null for all that wait. */
  callId: string | null;
  decision: Decision;
  /** Told to the model when a call is rejected. */
  reason: string | null;
  /** JSON text, for `edit`. */
  arguments: string | null;
}
