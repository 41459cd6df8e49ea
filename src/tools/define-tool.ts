import { z } from 'zod';
import { type Permission } from '../platform/common/auth/permissions';
import { ToolError } from './tools.errors';
import { type SideEffects, type Tool, type ToolExecution } from './tools.types';

const TIMEOUT_MS = 30_000;

/** A tool as it is written down: what is absent is as most tools have it. */
export interface ToolDescription<Input extends z.ZodObject, Output extends z.ZodType> {
  name: string;
  /** For the model: what it does, and when to use it. */
  description: string;
  input: Input;
  /** What comes out, where that is more than text. */
  output?: Output;
  sideEffects: SideEffects;
  timeoutMs?: number;
  permission?: Permission;
  /** Throws ToolError for what the model can mend or has to live with. */
  execute: (
    input: z.output<Input>,
    context: ToolExecution,
    signal: AbortSignal,
  ) => Promise<z.input<Output>> | z.input<Output>;
}

/** A built-in tool. Its price is what `parley.yaml` says, else nothing. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodType = z.ZodString>({
  input,
  output,
  permission,
  timeoutMs = TIMEOUT_MS,
  execute,
  ...description
}: ToolDescription<Input, Output>): Tool {
  return {
    ...description,
    origin: 'builtin',
    revision: '',
    parameters: schemaOf(input),
    output: output ? schemaOf(output) : null,
    price: 0n,
    timeoutMs,
    idempotent: description.sideEffects !== 'writes',
    permission: permission ?? null,
    execute: async (given, context, signal) => execute(parse(input, given), context, signal),
  };
}

/** JSON Schema says less than zod: patterns, for one, are checked only here. */
function parse<Input extends z.ZodObject>(input: Input, given: unknown): z.output<Input> {
  const { success, data, error } = input.safeParse(given);
  if (success) return data;
  const told = error.issues.map(({ path, message }) => `${path.join('.') || 'the arguments'}: ${message}`);
  throw new ToolError(`The arguments don't match the tool's schema: ${told.join('; ')}.`);
}

function schemaOf(type: z.ZodType): Record<string, unknown> {
  const schema: Record<string, unknown> = { ...z.toJSONSchema(type, { io: 'input' }) };
  delete schema['$schema']; // the same in all of them
  return schema;
}
