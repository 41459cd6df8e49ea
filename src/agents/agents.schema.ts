import { z } from 'zod';
import { limitOptions, MOST_SERVER_TOOLS } from '../chat/generation.codec';
import { MOST_COLLECTIONS } from '../chat/grounding.codec';
import { isUuid } from '../platform/common/ids';
import { formatUsd, parseUsd } from '../platform/common/money';
import { REASONING_EFFORTS } from '../providers/providers.types';

/** Characters of JSON: every version keeps it. */
const MOST_METADATA = 16_384;
const MOST_VERSIONS = 2 ** 31 - 1;

const name = z
  .string()
  .regex(/^[\w-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, _ or -' })
  .refine((text) => !isUuid(text), { error: 'an id is no name: agents are found by either' })
  .meta({ description: 'Unique in the workspace', example: 'support' });

/** Each once; null is none. */
const listOf = (item: z.ZodType<string>, most: number) =>
  z
    .array(item)
    .max(most)
    .nullable()
    .transform((items) => [...new Set(items ?? [])])
    .optional();
const toolNames = listOf(z.string().min(1).max(64), MOST_SERVER_TOOLS);

/** Of a new agent, and of a change to one: what is absent stays, null is as if it had never been given. */
const fields = {
  description: z.string().max(1_000).nullish().meta({ example: 'Answers what customers ask' }),
  instructions: z
    .string()
    .max(100_000)
    .nullish()
    .meta({ description: 'What the model is told before everything else', example: 'Answer in one sentence.' }),
  model: z
    .string()
    .min(1)
    .max(256)
    .nullish()
    .meta({ description: 'The default model when absent', example: 'demo/echo' }),
  tools: toolNames.meta({
    description: 'By name, or by a name with `*` for all that match it: GET /v1/tools lists them',
    example: ['calculator', 'current_time'],
  }),
  collection_ids: listOf(z.uuid(), MOST_COLLECTIONS).meta({ description: 'The documents it may look at' }),
  approve: toolNames.meta({
    description: 'Tools that are executed only after somebody has approved the call; by name, as in `tools`',
    example: ['current_time'],
  }),
  max_steps: limitOptions.max_steps.unwrap().nullish().meta({ description: 'Calls of the model', example: 10 }),
  max_cost_usd: limitOptions.max_cost_usd
    .unwrap()
    .transform((amount) => formatUsd(parseUsd(amount)))
    .nullish()
    .meta({ description: 'Decimal USD, of models and tools together', example: '0.50' }),
  max_duration_ms: limitOptions.max_duration_ms.unwrap().nullish().meta({ example: 120_000 }),
  temperature: z.number().min(0).max(2).nullish(),
  reasoning_effort: z.enum(REASONING_EFFORTS).nullish(),
  metadata: z
    .record(z.string(), z.unknown())
    .refine((metadata) => JSON.stringify(metadata).length <= MOST_METADATA, {
      error: `expected at most ${MOST_METADATA} characters of JSON`,
    })
    .nullable()
    .transform((metadata) => metadata ?? {})
    .optional()
    .meta({ description: 'Whatever you like', example: { team: 'support' } }),
};

export const newAgentBody = z.strictObject({ name, ...fields });
export type NewAgent = z.output<typeof newAgentBody>;

export const agentChangeBody = z.strictObject({
  name: name.optional(),
  ...fields,
  version: z
    .int()
    .min(1)
    .optional()
    .meta({ description: 'The version this changes: 409 when it is not the current one' }),
  from_version: z
    .int()
    .min(1)
    .max(MOST_VERSIONS)
    .optional()
    .meta({ description: 'Begin with what this version says, its name included, in place of the current one' }),
});
export type AgentChange = z.output<typeof agentChangeBody>;
