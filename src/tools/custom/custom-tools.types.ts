import { type OutboundMethod } from '../../platform/net/outbound.service';
import { type JsonSchema, type SideEffects } from '../tools.types';

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies OutboundMethod[];

/** What a workspace described: one endpoint, or the operations of an OpenAPI document. */
export const CUSTOM_KINDS = ['endpoint', 'openapi'] as const;
export type CustomKind = (typeof CUSTOM_KINDS)[number];

/** Where an argument goes that is no variable of the URL. `json` is the whole body. */
export interface Placement {
  argument: string;
  in: 'query' | 'header' | 'field' | 'json';
  /** What it is called there. */
  name: string;
}

/** One request that is a tool. Stored as JSON. */
export interface HttpOperation {
  name: string;
  description: string;
  method: OutboundMethod;
  /** RFC 6570, level 1; its variables are arguments. */
  url: string;
  /** JSON Schema of the arguments. */
  parameters: JsonSchema;
  placements: readonly Placement[];
  /** Where arguments without a place go. */
  rest: 'query' | 'field';
  sideEffects: SideEffects;
  /** What the idempotency key is sent in; null when the server honours none. */
  idempotencyHeader: string | null;
  timeoutMs: number;
  /** Decimal USD of one execution. */
  priceUsd: string;
}

/** What is stored of it, beside its secrets. */
export interface NewCustomTool {
  kind: CustomKind;
  title: string;
  operations: readonly HttpOperation[];
  /** Sent with every request. Their values are secrets. */
  headers: Readonly<Record<string, string>>;
}

export interface CustomTool {
  id: string;
  kind: CustomKind;
  title: string;
  header_names: string[];
  operations: HttpOperation[];
  created_at: Date;
  updated_at: Date;
}

/** An operation of a document that can't be a tool, and why. */
export interface SkippedOperation {
  operation: string;
  reason: string;
}
