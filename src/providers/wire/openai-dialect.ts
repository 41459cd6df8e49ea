import { type ReasoningEffort } from '../providers.types';

/** How one server's Chat Completions differ from another's, as data. */
export interface ChatDialect {
  /** OpenAI's reasoning models refuse `max_tokens`; most other servers know nothing else. */
  maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** Canonical fields this server can't serve, as OpenAI names them. `n` stands for more than one answer. */
  refuses: readonly string[];
  /** How the reasoning effort is asked for. */
  reasoningEffort: (effort: ReasoningEffort) => Readonly<Record<string, unknown>>;
  /** Text in several parts goes as one string: many servers take no list where no image is. */
  joinsText: boolean;
  /** An earlier refusal goes back in its own field, else as text. */
  refusalField: boolean;
  /** The field in which this server wants its own reasoning back, untouched. */
  reasoningEcho: 'reasoning_content' | 'reasoning_details' | null;
  /** How vectors are asked for: most servers know nothing but numbers, and some refuse the field. */
  vectors: 'base64' | null;
  /** Sent with every chat request. */
  fields: Readonly<Record<string, unknown>>;
  headers: Readonly<Record<string, string>>;
}

/** The `Opaque.format` of the reasoning that goes back to this provider and to no other. */
export const echoFormat = (provider: string, { reasoningEcho }: ChatDialect): string | null =>
  reasoningEcho && `${provider}:${reasoningEcho}`;
