/**
 * The contract between the engine and every provider: one canonical request, one small stream of events.
 * Types only; adapters import it, it imports no adapter.
 */

/** Data a provider wants back untouched (thinking signatures, provider-run tool blocks). Only adapters of the same `format` read it. */
export interface Opaque {
  format: string;
  data: unknown;
}

export type Part =
  | { type: 'text'; text: string }
  /** Exactly one of `url` (http or https) and `data` (base64, with its media type). */
  | { type: 'image'; url?: string; data?: string; mediaType?: string; detail?: 'auto' | 'low' | 'high' }
  /** A document by its bytes, base64. */
  | { type: 'file'; data: string; mediaType: string; filename?: string }
  /** `arguments` is JSON text, as the model wrote it. `server`: not the client's to execute. */
  | { type: 'tool_call'; id: string; name: string; arguments: string; opaque?: Opaque; server?: true }
  | {
      type: 'tool_result';
      toolCallId: string;
      content: string;
      isError?: boolean;
      /** Of a tool that was executed here. Providers are not told. */
      execution?: { truncated: boolean; durationMs: number; costUsd: string | null };
    }
  | { type: 'reasoning'; text: string; opaque?: Opaque }
  | { type: 'refusal'; text: string }
  /** A block only its own provider understands, kept in its place among the parts. */
  | { type: 'opaque'; opaque: Opaque };

export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  parts: Part[];
  /** OpenAI's participant name. */
  name?: string;
}

export interface ToolDefinition {
  name: string;
  description?: string;
  /** JSON Schema of the arguments object. */
  parameters?: Record<string, unknown>;
  strict?: boolean;
}

export type ToolChoice = 'auto' | 'none' | 'required' | { name: string };

export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | { type: 'json_schema'; name: string; schema: Record<string, unknown>; description?: string; strict?: boolean };

export const REASONING_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export type ReasoningEffort = (typeof REASONING_EFFORTS)[number];

/** What a model is asked, whoever it is. An adapter converts each field or refuses it by name. */
export interface GenerationRequest {
  messages: Message[];
  tools?: ToolDefinition[];
  toolChoice?: ToolChoice;
  parallelToolCalls?: boolean;
  responseFormat?: ResponseFormat;
  stop?: string[];
  maxTokens?: number;
  temperature?: number;
  topP?: number;
  seed?: number;
  /** Answers wanted. Absent means one. */
  n?: number;
  reasoningEffort?: ReasoningEffort;
  /** The caller's own user, for abuse tracking and usage reports. */
  endUser?: string;
  /** Fields of the OpenAI Chat Completions body that have no canonical name, for providers that speak that wire format. */
  passthrough?: Record<string, unknown>;
}

/** What goes with every request. */
export interface SentRequest {
  /** The provider's own name of the model, without the `provider/` prefix. */
  model: string;
  /** Sent to the provider as `x-request-id`. */
  requestId: string;
  /** To be called when the request begins to leave: one given up before costs nothing. */
  onSent?: () => void;
}

export interface ModelRequest extends GenerationRequest, SentRequest {
  /** Whether to ask the provider for a stream. The events are the same either way. */
  stream: boolean;
}

/** What is embedded: text, or the tokens of a text in the model's own vocabulary. */
export type EmbeddingInput = string | readonly number[];

/** Vectors are wanted, one for each input. */
export interface EmbeddingRequest {
  /** At least one; none of them empty. */
  inputs: readonly EmbeddingInput[];
  /** Of the vectors, where the model makes shorter ones. */
  dimensions?: number;
  /** The caller's own user, for abuse tracking and usage reports. */
  endUser?: string;
  /** What each word counts for in a query, for models that take it (`local/hash-384`); 1 for a word that is not in it. */
  weights?: ReadonlyMap<string, number>;
  /** Fields of the OpenAI Embeddings body that have no canonical name, for providers that speak that wire format. */
  passthrough?: Record<string, unknown>;
}

/** What a model can be asked. */
export type CallRequest = GenerationRequest | EmbeddingRequest;

export interface EmbeddingModelRequest extends EmbeddingRequest, SentRequest {}

export interface Embeddings {
  /** One for each input, in their order, all of one length. */
  vectors: Float32Array[];
  /** Null when the provider told none. */
  usage: TokenUsage | null;
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** Tokens of one call. `inputTokens` includes the cached and cache-writing ones, `outputTokens` the reasoning ones. */
export interface TokenUsage {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens: number;
  reasoningTokens: number;
  /** Those of both that are not text; absent where there are none. */
  media?: MediaTokens;
}

/** Of a call that was never sent. */
export const NO_USAGE: TokenUsage = {
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  reasoningTokens: 0,
};

export const sumOfUsage = (a: TokenUsage, b: TokenUsage): TokenUsage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
  reasoningTokens: a.reasoningTokens + b.reasoningTokens,
});

export interface MediaTokens {
  audioInput: number;
  imageInput: number;
  audioOutput: number;
}

/**
 * What every adapter says, whatever its wire says. Text, reasoning and a tool call's arguments come as deltas.
 * `choice` is the index of the answer when several were asked for (`n`), absent for the first.
 * `start` comes first and before any content; `finish` comes last, exactly once.
 */
export type ModelEvent =
  | { type: 'start'; providerRequestId?: string; model?: string }
  | { type: 'text'; delta: string; choice?: number; logprobs?: unknown }
  | { type: 'refusal'; delta: string; choice?: number }
  /** `opaque` closes this reasoning part: text after it belongs to the next one. */
  | { type: 'reasoning'; delta: string; choice?: number; opaque?: Opaque }
  /** `id` and `name` come with the first event of an `index`. */
  | { type: 'tool_call'; index: number; id?: string; name?: string; argumentsDelta: string; choice?: number }
  | { type: 'opaque'; opaque: Opaque }
  /** `reasons` holds every choice's reason when `n` > 1. `usage` is null when the provider told none. */
  | { type: 'finish'; reason: FinishReason; reasons?: FinishReason[]; usage: TokenUsage | null };

/**
 * One configured provider. `stream` throws `UpstreamError` for what the provider or the network does, and
 * `unsupported_parameter` (before any network) for a field it can't serve. A response that ends without its terminal
 * event makes it throw `upstream_truncated`; it never invents a `finish`. Breaking out of the iteration, or `signal`,
 * aborts the request behind it.
 */
export interface ProviderAdapter {
  /** The prefix of its models: `openai`, `local-vllm`. */
  readonly id: string;
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
  /** Vectors of texts. Throws as `stream` does. Absent where the provider has none. */
  embed?(request: EmbeddingModelRequest, signal: AbortSignal): Promise<Embeddings>;
  /**
   * The most tokens it lets `model` write in answer to `request`, where it sends another limit than the request's own.
   * Never throws.
   */
  mostOutput?(request: Pick<GenerationRequest, 'reasoningEffort' | 'maxTokens'>, model: string): number;
  /** The names of the models it has, for servers whose models nobody else knows. */
  models?(signal: AbortSignal): Promise<string[]>;
  /** Lets go of its connections; calls under way end first. */
  close(): Promise<void>;
}

/** What an adapter needs to reach its provider. */
export interface ProviderConnection {
  id: string;
  apiKey: string | null;
  baseUrl: string;
}
