import { z } from 'zod';
import { ON_DISCONNECT } from '../platform/common/http/client-gone';
import { type GenerationRequest, REASONING_EFFORTS, type ToolChoice } from '../providers/providers.types';
import { type ChatRequest } from './chat.types';
import { parseUsd } from '../platform/common/money';
import { type LoopLimits } from './tool-loop.types';
import { groundingOptions, toGrounding } from './grounding.codec';

const functionName = z.string().regex(/^[\w-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, _ or -' });
const jsonObject = z.record(z.string(), z.unknown());

const tool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: functionName,
    description: z.string().optional(),
    parameters: jsonObject.optional().meta({ description: 'JSON Schema of the arguments' }),
    strict: z.boolean().nullish(),
  }),
});

const toolChoice = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: functionName }) }),
  ],
  { error: "expected 'none', 'auto', 'required' or a function by name" },
);

const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  z.strictObject({
    type: z.literal('json_schema'),
    json_schema: z.strictObject({
      name: functionName,
      description: z.string().optional(),
      schema: jsonObject.optional(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

const modelName = z.string().min(1).max(256);

/** How long a loop of model and tools may go on. */
export const limitOptions = {
  max_steps: z.int().min(1).max(1_000).optional().meta({
    description: 'Calls of the model, at most, where tools are executed here',
    example: 10,
  }),
  max_cost_usd: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,12})?$/, { error: 'expected USD as text, such as "0.05"' })
    .optional()
    .meta({ description: 'What model and tools may cost together, at most', example: '0.05' }),
  max_duration_ms: z
    .int()
    .min(1)
    .max(24 * 3_600_000)
    .optional()
    .meta({ description: 'How long model and tools may take together, in milliseconds', example: 60_000 }),
};

/** Server tools of one request. */
export const MOST_SERVER_TOOLS = 128;

/** What can be asked of a model beside the messages, under OpenAI's names; shared by every surface. `null` means not given. */
export const generationOptions = {
  model: modelName.optional().meta({
    description: '`provider/model`, a route, or a bare name only one provider has; the configured default when absent',
    example: 'demo/echo',
  }),
  fallbacks: z
    .array(modelName)
    .max(10)
    .optional()
    .meta({
      description: 'Models or routes asked one after the other when `model` fails before it said anything',
      example: ['demo/lorem'],
    }),
  race: z.array(modelName).min(1).max(5).optional().meta({
    description:
      'Models asked at the same time, together with `model` if that is given; the first to say something answers, the others are aborted and billed for what they used',
  }),
  max_tokens: z.int().positive().nullish().meta({ example: 256 }),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(16)], { error: 'expected text or a list of texts' }).nullish(),
  seed: z.int().nullish(),
  tools: z.array(tool).max(128).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  response_format: responseFormat.optional(),
  reasoning_effort: z.enum(REASONING_EFFORTS).nullish(),
  user: z
    .string()
    .max(256)
    .optional()
    .meta({ description: "The caller's own user: stored, and usage can be grouped by it" }),
  timeout_ms: z
    .int()
    .min(1)
    .max(24 * 3_600_000)
    .optional()
    .meta({ description: 'Bounds the whole call in milliseconds, retries included' }),
  allow_truncate: z.boolean().optional().meta({
    description:
      'When a budget has no room for the longest answer, take the longest it has room for instead of refusing',
  }),
  ...groundingOptions,
  server_tools: z
    .array(z.string().min(1).max(64))
    .max(MOST_SERVER_TOOLS)
    .optional()
    .meta({
      description:
        'Tools that are executed here (GET /v1/tools); a name with `*` means all that match. The model calls them until it answers or a limit is reached. `tools` are still handed to the client',
      example: ['calculator', 'current_time'],
    }),
  ...limitOptions,
  on_disconnect: z
    .enum(ON_DISCONNECT)
    .optional()
    .meta({
      description:
        'When the client leaves before the end: `continue` finishes the answer (and bills it), `cancel` aborts the model at once. ' +
        'In a conversation, and with an `Idempotency-Key`, it goes on unless told otherwise; elsewhere nobody could read it, and it is cancelled',
    }),
};

/** How a stream is told. */
export const streamOptions = {
  max_tokens_per_second: z.number().min(1).max(10_000).optional().meta({
    description: 'At most so many deltas of text or reasoning a second; each counts as one token',
    example: 20,
  }),
};

/** `stream_options` of Parley's own streams. */
export const nativeStreamOptions = { stream_options: z.strictObject(streamOptions).optional() };

export type GenerationOptions = z.output<z.ZodObject<typeof generationOptions>>;

/** The options of a request, without its messages. */
export function toGeneration(options: GenerationOptions): Omit<ChatRequest, 'messages' | 'stream'> {
  const { stop, tool_choice, response_format, max_tokens } = options;
  return defined({
    tools: options.tools?.map(({ function: { strict, ...definition } }) => ({
      ...defined(definition),
      ...(strict ? { strict } : {}),
    })),
    toolChoice: tool_choice && toToolChoice(tool_choice),
    parallelToolCalls: options.parallel_tool_calls,
    responseFormat: response_format && toResponseFormat(response_format),
    stop: stop === undefined || stop === null ? undefined : typeof stop === 'string' ? [stop] : stop,
    maxTokens: max_tokens ?? undefined,
    temperature: options.temperature ?? undefined,
    topP: options.top_p ?? undefined,
    seed: options.seed ?? undefined,
    reasoningEffort: options.reasoning_effort ?? undefined,
    endUser: options.user,
    model: options.model,
    fallbacks: options.fallbacks,
    race: options.race,
    timeoutMs: options.timeout_ms,
    allowTruncate: options.allow_truncate,
    serverTools: options.server_tools,
    limits: toLimits(options),
    grounding: toGrounding(options.collection_ids, options.retrieval),
  });
}

type Limits = z.output<z.ZodObject<typeof limitOptions>>;

/** Undefined when there are none. */
export function toLimits({ max_steps, max_cost_usd, max_duration_ms }: Limits): Partial<LoopLimits> | undefined {
  const limits = defined({
    maxSteps: max_steps,
    maxCost: max_cost_usd === undefined ? undefined : parseUsd(max_cost_usd),
    maxDurationMs: max_duration_ms,
  });
  return Object.keys(limits).length > 0 ? limits : undefined;
}

const toToolChoice = (choice: z.output<typeof toolChoice>): ToolChoice =>
  typeof choice === 'string' ? choice : { name: choice.function.name };

function toResponseFormat(format: z.output<typeof responseFormat>): GenerationRequest['responseFormat'] {
  if (format.type !== 'json_schema') return format;
  const { name, schema = {}, description, strict } = format.json_schema;
  return { type: 'json_schema', name, schema, ...(description ? { description } : {}), ...(strict ? { strict } : {}) };
}

/** Without its undefined fields. */
function defined<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
