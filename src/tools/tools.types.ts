import { type Permission } from '../platform/common/auth/permissions';
import { type Principal } from '../platform/common/auth/principal';
import { type PicoUsd } from '../platform/common/money';

export type JsonSchema = Record<string, unknown>;

/**
 * What a tool does to the world: `none` (the same input always has the same output), `reads` (it looks something up), or
 * `writes` (it changes something, so that doing it twice may do harm).
 */
export const SIDE_EFFECTS = ['none', 'reads', 'writes'] as const;
export type SideEffects = (typeof SIDE_EFFECTS)[number];

/** Where a tool comes from: with Parley, from an endpoint the workspace described, from an MCP server of the workspace. */
export const TOOL_ORIGINS = ['builtin', 'custom', 'mcp'] as const;
export type ToolOrigin = (typeof TOOL_ORIGINS)[number];

/** For whom and within what a tool is executed. */
export interface ToolContext {
  /** Everything a tool does is done as its caller: the same permissions, the same budgets. */
  readonly principal: Principal;
  readonly requestId: string;
  /** What documents may be looked at in this turn or run; null for all that the caller may read. */
  readonly collectionIds: readonly string[] | null;
  /** The same whenever the same call is executed again. Passed on to what honours one. */
  readonly idempotencyKey: string;
}

/** What a tool is executed with. */
export interface ToolExecution extends ToolContext {
  /** Adds to what the call cost: something the tool did that is billed by itself. Null when that is not known. */
  readonly spent: (cost: PicoUsd | null) => void;
}

/** Something a model may call. Built-in ones are made by `defineTool`. */
export interface Tool {
  /** What the model calls it by: `[a-zA-Z0-9_-]{1,64}`. */
  readonly name: string;
  readonly description: string;
  readonly origin: ToolOrigin;
  /** Another one, and it is another tool though its name is the same: what somebody approved was not this. */
  readonly revision: string;
  /** JSON Schema of the arguments, an object. */
  readonly parameters: JsonSchema;
  /** JSON Schema of what comes out, where it is known. */
  readonly output: JsonSchema | null;
  /** Of one execution. */
  readonly price: PicoUsd;
  readonly timeoutMs: number;
  readonly sideEffects: SideEffects;
  /** Whether executing it again with the same idempotency key changes nothing more. */
  readonly idempotent: boolean;
  /** What its caller must be allowed to, beside using tools. */
  readonly permission: Permission | null;
  /**
   * @param input arguments that meet `parameters`
   * @returns text, or anything JSON can say
   * Throws ToolError for what the model can mend or has to live with; anything else is a mistake of ours.
   */
  execute(input: unknown, context: ToolExecution, signal: AbortSignal): Promise<unknown>;
}

/** Gives the tools a workspace has beside those built in. */
export interface ToolSource {
  tools(principal: Principal): Promise<readonly Tool[]>;
}

/** What the model is told, and what is recorded of an execution. */
export interface ToolResult {
  content: string;
  isError: boolean;
  /** There was more than is told. */
  truncated: boolean;
  durationMs: number;
  /** Null when it is not known. */
  cost: PicoUsd | null;
}
