import { z } from 'zod';
import { type Permission } from '../platform/common/auth/permissions';
import { type SideEffects, type Tool, type ToolContext } from './tools.types';

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
    context: ToolContext,
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
    parameters: schemaOf(input),
    output: output ? schemaOf(output) : null,
    price: 0n,
    timeoutMs,
    idempotent: description.sideEffects !== 'writes',
    permission: permission ?? null,
    execute: async (given, context, signal) => execute(input.parse(given), context, signal),
  };
}

function schemaOf(type: z.ZodType): Record<string, unknown> {
  const schema: Record<string, unknown> = { ...z.toJSONSchema(type, { io: 'input' }) };
  delete schema['$schema']; // the same in all of them
  return schema;
}
