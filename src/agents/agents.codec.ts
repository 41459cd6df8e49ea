import { type AgentDto, type AgentVersionDto } from './agents.dto';
import { type AgentDefinition, type StoredAgent, type StoredAgentVersion } from './agents.types';

/** An agent of which nothing but its name was said. */
export const UNSAID: Omit<AgentDefinition, 'name'> = {
  description: null,
  instructions: null,
  model: null,
  tools: [],
  collection_ids: [],
  approve: [],
  max_steps: null,
  max_cost_usd: null,
  max_duration_ms: null,
  temperature: null,
  reasoning_effort: null,
  metadata: {},
};

/** In one order, and with the fields that are younger than the version. */
export const toDefinition = ({ name, ...said }: AgentDefinition): AgentDefinition => ({ name, ...UNSAID, ...said });

const REFERENCE = /^([\w-]{1,64})(?:@(.*))?$/;
const VERSION = /^[1-9]\d{0,8}$/;

/** `id`, `name`, `id@2` or `name@2`; null when it is none of them. A version of null is the current one. */
export function toReference(text: string): { agent: string; version: number | null } | null {
  const [, agent, told] = REFERENCE.exec(text) ?? [];
  const version = told === undefined ? null : toVersion(told);
  if (agent === undefined || (told !== undefined && version === null)) return null;
  return { agent, version };
}

/** Null for what can't be a version. */
export const toVersion = (text: string): number | null => (VERSION.test(text) ? Number(text) : null);

export const toAgent = (row: StoredAgent): AgentDto => ({
  id: row.id,
  ...toDefinition(row.definition),
  version: row.version,
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});

export const toAgentVersion = (row: StoredAgentVersion): AgentVersionDto => ({
  id: row.id,
  agent_id: row.agent_id,
  version: row.version,
  ...toDefinition(row.definition),
  created_by: row.created_by,
  created_at: row.created_at.toISOString(),
});
