/**
 * The Messages API as servers really send it. Only what is read is named, and as loosely as it comes.
 * Source: https://platform.claude.com/docs/en/build-with-claude/streaming
 */

/** A content block, or a piece of one. */
export type WireBlock = Record<string, unknown> & { type?: unknown };

export interface WireUsage {
  input_tokens?: number | null;
  output_tokens?: number | null;
  cache_creation_input_tokens?: number | null;
  cache_read_input_tokens?: number | null;
  output_tokens_details?: { thinking_tokens?: number | null } | null;
  /** One entry per pass of the model over its context, when there was more than one kind. */
  iterations?: ({ type?: unknown } & WireUsage)[] | null;
}

/** How an answer ended. */
export interface WireEnding {
  stop_reason?: unknown;
  stop_details?: { explanation?: unknown } | null;
}

export interface WireMessage extends WireEnding {
  id?: unknown;
  model?: unknown;
  content?: unknown;
  usage?: WireUsage | null;
}

export interface WireEvent {
  type?: unknown;
  index?: number;
  message?: WireMessage | null;
  content_block?: WireBlock | null;
  delta?: (WireBlock & WireEnding) | null;
  usage?: WireUsage | null;
  error?: unknown;
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const stringOf = (value: unknown): string => (typeof value === 'string' ? value : '');
