import { z } from 'zod';
import { SIDE_EFFECTS } from '../tools.types';
import { MOST_TOOLS } from './listing';

const MOST_SECRETS = 20;
const LONGEST_SECRET = 8_192;
/** The protocol's own, and those of the connection. */
const RESERVED =
  /^(mcp-.*|accept|connection|content-.*|expect|host|keep-alive|last-event-id|te|trailer|transfer-encoding|upgrade|proxy-.*)$/i;

const fewSecrets = (values: object) => Object.keys(values).length <= MOST_SECRETS;
const MOST = { error: `at most ${MOST_SECRETS}` };

const headers = z
  .record(
    z
      .string()
      .regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, { error: 'expected the name of a header' })
      .refine((name) => !RESERVED.test(name), { error: 'this header is not for you to set' }),
    z
      .string()
      .max(LONGEST_SECRET)
      .regex(/^[\t\x20-\x7e\x80-\xff]*$/, { error: 'expected the value of a header, in one line' }),
  )
  .refine(fewSecrets, MOST)
  .default({})
  .meta({ description: 'Sent with every request, for credentials; kept encrypted, and never shown again' });

const env = z
  .record(
    z.string().regex(/^[A-Za-z_]\w{0,99}$/, { error: 'expected the name of an environment variable' }),
    z.string().max(LONGEST_SECRET),
  )
  .refine(fewSecrets, MOST)
  .default({})
  .meta({ description: 'Of the process, which gets nothing of that of Parley; kept encrypted, and never shown again' });

const common = {
  name: z
    .string()
    .max(24)
    .regex(/^(?!.*__)[a-z0-9]([a-z0-9_-]*[a-z0-9])?$/, {
      error: "expected at most 24 lower-case letters, digits, '-' and '_', no two '_' together, and none at either end",
    })
    .meta({ description: 'Its tools are called `<name>__<tool>`', example: 'files' }),
  timeout_ms: z
    .int()
    .min(1_000)
    .max(300_000)
    .default(30_000)
    .meta({ description: 'How long a call is waited for; a connection at most ten seconds of it' }),
  side_effects: z
    .enum(SIDE_EFFECTS)
    .default('writes')
    .meta({ description: 'Of its tools; one that says it is not read-only always `writes`' }),
  trust_annotations: z.boolean().default(false).meta({
    description: 'Whether a tool that says it is read-only `reads`, and one that says it is idempotent is believed',
  }),
  allowed_tools: z
    .array(z.string().min(1).max(256))
    .min(1)
    .max(MOST_TOOLS)
    .optional()
    .meta({ description: 'The only ones that are used, by their names on the server; all when absent' }),
};

const url = z
  .url({ protocol: /^https?$/, error: 'expected an http:// or https:// address' })
  .max(2_000)
  .refine((address) => !URL.canParse(address) || !/[@]/.test(new URL(address).href.split(/[/?#]/)[2] ?? ''), {
    error: 'credentials belong into headers',
  })
  .meta({ description: 'Of its Streamable HTTP endpoint', example: 'https://mcp.example.com/mcp' });

export const mcpServerBody = z.discriminatedUnion('transport', [
  z.strictObject({ transport: z.literal('http'), ...common, url, headers }),
  z.strictObject({
    transport: z.literal('stdio'),
    ...common,
    command: z
      .string()
      .min(1)
      .max(1_000)
      .meta({ description: 'Absolute, or found in the usual places', example: 'npx' }),
    args: z.array(z.string().max(4_000)).max(100).default([]),
    env,
  }),
]);
export type McpServerBody = z.output<typeof mcpServerBody>;
