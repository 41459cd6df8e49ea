import { type ReasoningEffort } from '../providers/providers.types';

/** What an agent is told, what it may use and how far it may go: one version of it. */
export interface AgentDefinition {
  name: string;
  description: string | null;
  instructions: string | null;
  /** As callers name it; null: the default. */
  model: string | null;
  /** Names, which may have a `*`. */
  tools: string[];
  collection_ids: string[];
  /** Those of the tools that wait for somebody's approval; names, which may have a `*`. */
  approve: string[];
  /** Null, of this and the next two: as every run. */
  max_steps: number | null;
  /** Decimal. */
  max_cost_usd: string | null;
  max_duration_ms: number | null;
  temperature: number | null;
  reasoning_effort: ReasoningEffort | null;
  metadata: Record<string, unknown>;
}

/** An agent as it is read, in its current version. */
export interface StoredAgent {
  id: string;
  version: number;
  definition: AgentDefinition;
  created_by: string;
  created_at: Date;
  updated_at: Date;
}

export interface StoredAgentVersion {
  id: string;
  agent_id: string;
  version: number;
  definition: AgentDefinition;
  created_by: string;
  created_at: Date;
}
