import { unsupportedParameter } from '../providers.errors';
import { type ModelRequest, type ResponseFormat, type ToolChoice, type ToolDefinition } from '../providers.types';
import { type ChatDialect } from './openai-dialect';
import { toChatMessages } from './openai-messages';
import { isObject } from './openai-wire';

export type ChatBody = Record<string, unknown> & { stream: boolean };

/**
 * The body of POST /chat/completions. Fields without a canonical name are passed through and never override one.
 * Throws `unsupported_parameter` for what the dialect refuses.
 */
export function toChatBody(request: ModelRequest, dialect: ChatDialect, provider: string): ChatBody {
  const canonical = toCanonicalFields(request, dialect);
  const refused = dialect.refuses.find((field) => canonical[field] !== undefined);
  if (refused) throw unsupportedParameter(provider, refused);
  return {
    ...passed(request),
    ...dialect.fields,
    ...defined(canonical),
    model: request.model,
    messages: toChatMessages(request.messages, dialect, provider),
    stream: request.stream,
    ...(request.stream && { stream_options: { ...streamOptions(request), include_usage: true } }),
  };
}

function toCanonicalFields(request: ModelRequest, dialect: ChatDialect): Record<string, unknown> {
  return {
    tools: request.tools?.length ? request.tools.map(tool) : undefined,
    tool_choice: request.toolChoice && toolChoice(request.toolChoice),
    parallel_tool_calls: request.parallelToolCalls,
    response_format: request.responseFormat && responseFormat(request.responseFormat),
    stop: request.stop?.length ? request.stop : undefined,
    [dialect.maxTokensField]: request.maxTokens,
    temperature: request.temperature,
    top_p: request.topP,
    seed: request.seed,
    n: request.n === 1 ? undefined : request.n,
    user: request.endUser,
    ...(request.reasoningEffort && dialect.reasoningEffort(request.reasoningEffort)),
  };
}

/** A limit of tokens has two names on this wire; a canonical one stands alone. */
function passed({ passthrough, maxTokens }: ModelRequest): Record<string, unknown> {
  const fields = { ...passthrough };
  delete fields['stream_options'];
  if (maxTokens !== undefined) {
    delete fields['max_tokens'];
    delete fields['max_completion_tokens'];
  }
  return fields;
}

const streamOptions = ({ passthrough }: ModelRequest): Record<string, unknown> =>
  isObject(passthrough?.['stream_options']) ? passthrough['stream_options'] : {};

const defined = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const tool = ({ name, description, parameters, strict }: ToolDefinition) => ({
  type: 'function',
  function: {
    name,
    ...(description !== undefined && { description }),
    parameters: parameters ?? { type: 'object', properties: {}, additionalProperties: false },
    ...(strict !== undefined && { strict }),
  },
});

const toolChoice = (choice: ToolChoice): unknown =>
  typeof choice === 'string' ? choice : { type: 'function', function: { name: choice.name } };

function responseFormat(format: ResponseFormat): unknown {
  if (format.type !== 'json_schema') return { type: format.type };
  const { name, description, schema, strict } = format;
  return { type: 'json_schema', json_schema: defined({ name, description, schema, strict }) };
}
