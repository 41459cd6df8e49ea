import { type JsonSchema, type SideEffects } from '../tools.types';

export const TRANSPORTS = ['http', 'stdio'] as const;

/** Where a server is, and what it is given: headers over HTTP, environment variables as a process. */
export interface McpTarget {
  id: string;
  workspace_id: string;
  name: string;
  transport: (typeof TRANSPORTS)[number];
  /** Of `http`. */
  url: string | null;
  /** Of `stdio`. */
  command: string | null;
  args: string[];
  secret_id: string | null;
  timeout_ms: number;
}

/** A tool as its server described it, cut to what is kept of it. */
export interface ListedTool {
  /** What the server calls it. */
  name: string;
  description: string;
  input_schema: JsonSchema;
  output_schema: JsonSchema | null;
  /** What the server says of it; `null` where it says nothing. */
  read_only: boolean | null;
  idempotent: boolean | null;
}

/** What is remembered of a server's tools. */
export interface McpListing {
  id: string;
  workspace_id: string;
  name: string;
  timeout_ms: number;
  side_effects: SideEffects;
  trust_annotations: boolean;
  listed_at: Date | null;
}

/** Everything but what is secret. Rows are read in this shape. */
export interface StoredMcpServer extends McpTarget, McpListing {
  /** Of the headers or environment variables. */
  secret_names: string[];
  /** What the server calls those that are used; null for all. */
  allowed_tools: string[] | null;
  tools: ListedTool[];
  /** When it was last asked for its tools. */
  checked_at: Date | null;
  /** Why that failed. */
  error: string | null;
  created_at: Date;
}

/** As an admin describes one. */
export type NewMcpServer = Pick<
  StoredMcpServer,
  | 'name'
  | 'transport'
  | 'url'
  | 'command'
  | 'args'
  | 'timeout_ms'
  | 'side_effects'
  | 'trust_annotations'
  | 'allowed_tools'
> & { secrets: Record<string, string> };
