import { type Messages } from '@anthropic-ai/sdk/resources/messages';
import { unsupportedParameter } from '../../providers.errors';
import { type ModelRequest } from '../../providers.types';
import { continuesWithoutThinking, holdsThinking, toConversation } from './anthropic.messages';
import { type ClaudeModel, claudeModel } from './anthropic.models';
import { quietly, type Sampling, type Thinking, thinks, toSampling, toThinking } from './anthropic.reasoning';
import { toTools } from './anthropic.tools';

/** The last API version that knew `temperature` and `top_p`; the SDK sends a later one, which refuses both. */
const SAMPLING_VERSION = '2023-06-01';
/** Lets a request say what becomes of thinking blocks whose conversation has changed. */
const BINDING_BETA = 'thinking-binding-controls-2026-08-01';
const DROP_STALE = { block_binding: { prefix_mismatch_behavior: 'drop_block' } };

type MessagesBody = Omit<Messages.MessageCreateParams, 'thinking'> & Sampling & { thinking?: object };

export interface MessagesCall {
  body: MessagesBody;
  headers: Record<string, string>;
  /** The tool whose arguments are the text of the answer. */
  jsonTool: string | null;
}

/**
 * A canonical request as a body of the Messages API. `detail` of images has no counterpart and is left out: it is a
 * hint; so is `strict` of tools at models before 4.5.
 * Source: https://platform.claude.com/docs/en/api/messages
 * @throws unsupported_parameter, naming the field as OpenAI's wire does.
 */
export function toMessagesCall(provider: string, request: ModelRequest): MessagesCall {
  refuseUnknown(provider, request);
  const model = claudeModel(request.model);
  const { system, messages } = toConversation(provider, request.messages);
  const asked = toThinking(provider, request, model, continuesWithoutThinking(messages));
  const canForce = model.forcedTools && (request.reasoningEffort === undefined || !thinks(asked, model));
  const { tools, tool_choice, format, instruction, jsonTool, forced } = toTools(provider, request, model, canForce);
  // A model that thinks unasked is kept from it while it must use a tool.
  const { max_tokens, thinking, effort } =
    forced && !asked.thinking ? { ...asked, ...quietly(provider, model) } : asked;
  const bounded = bound(model, thinking, holdsThinking(messages));
  const sampling = toSampling(provider, request, model, thinks({ max_tokens, ...(thinking && { thinking }) }, model));
  const instructions = [system, instruction].filter(Boolean).join('\n\n');
  const output_config = { ...(effort && { effort }), ...(format && { format }) };
  return {
    body: {
      model: request.model,
      max_tokens,
      ...(instructions && { system: instructions }),
      messages,
      ...(tools && { tools }),
      ...(tool_choice && { tool_choice }),
      ...(bounded && { thinking: bounded }),
      ...(Object.keys(output_config).length > 0 && { output_config }),
      ...sampling,
      ...(request.stop && request.stop.length > 0 && { stop_sequences: request.stop }),
      ...(request.endUser && { metadata: { user_id: request.endUser } }),
      stream: request.stream,
    },
    headers: {
      ...(Object.keys(sampling).length > 0 && { 'anthropic-version': SAMPLING_VERSION }),
      ...(bounded && 'block_binding' in bounded && { 'anthropic-beta': BINDING_BETA }),
    },
    jsonTool,
  };
}

/**
 * Newer models answer 400 when anything before an earlier thought has changed: a fitted window, a system prompt of the
 * day. Such thoughts are better dropped.
 * Source: https://platform.claude.com/docs/en/build-with-claude/preserved-thinking
 */
function bound({ bindsThinking }: ClaudeModel, thinking: Thinking['thinking'], sendsThoughts: boolean) {
  if (!bindsThinking || !sendsThoughts) return thinking;
  if (!thinking) return { type: 'adaptive' as const, ...DROP_STALE };
  return thinking.type === 'adaptive' ? { ...thinking, ...DROP_STALE } : thinking;
}

function refuseUnknown(provider: string, { seed, n, stop, passthrough }: ModelRequest): void {
  if (stop?.some((sequence) => !sequence.trim())) throw unsupportedParameter(provider, 'stop', 'blanks alone');
  if (seed !== undefined) throw unsupportedParameter(provider, 'seed');
  if (n !== undefined && n > 1) throw unsupportedParameter(provider, 'n', 'it gives one answer');
  const [field] = Object.keys(passthrough ?? {});
  if (field !== undefined) throw unsupportedParameter(provider, field);
}
