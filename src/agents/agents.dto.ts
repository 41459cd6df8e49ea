import { ApiProperty } from '@nestjs/swagger';
import { PageDto } from '../platform/common/http/pagination';
import { REASONING_EFFORTS, type ReasoningEffort } from '../providers/providers.types';
import { type AgentDefinition } from './agents.types';

class AgentDefinitionDto implements AgentDefinition {
  @ApiProperty({ example: 'support', description: 'Unique in the workspace' })
  name: string;

  @ApiProperty({ type: String, nullable: true, example: 'Answers what customers ask' })
  description: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Answer in one sentence.' })
  instructions: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'demo/echo', description: 'null: the default model' })
  model: string | null;

  @ApiProperty({ type: [String], example: ['calculator', 'current_time'] })
  tools: string[];

  @ApiProperty({ type: [String], format: 'uuid', description: 'The documents it may look at' })
  collection_ids: string[];

  @ApiProperty({ type: [String], example: [], description: 'Tools that are executed only after an approval' })
  approve: string[];

  @ApiProperty({ type: 'integer', nullable: true, example: 10, description: 'null: as every run' })
  max_steps: number | null;

  @ApiProperty({ type: String, nullable: true, example: '0.500000', description: 'null: as every run' })
  max_cost_usd: string | null;

  @ApiProperty({ type: 'integer', nullable: true, example: 120_000, description: 'null: as every run' })
  max_duration_ms: number | null;

  @ApiProperty({ type: Number, nullable: true, example: 0.2 })
  temperature: number | null;

  @ApiProperty({ type: String, enum: REASONING_EFFORTS, nullable: true })
  reasoning_effort: ReasoningEffort | null;

  @ApiProperty({ type: 'object', additionalProperties: true, example: { team: 'support' } })
  metadata: Record<string, unknown>;
}

export class AgentDto extends AgentDefinitionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: 'integer', description: 'The current one; every change makes another', example: 1 })
  version: number;

  @ApiProperty({ format: 'uuid', description: 'The user who made it' })
  created_by: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time', description: 'Of the current version' })
  updated_at: string;
}

export class AgentVersionDto extends AgentDefinitionDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  agent_id: string;

  @ApiProperty({ type: 'integer', example: 1 })
  version: number;

  @ApiProperty({ format: 'uuid', description: 'The user who made this version' })
  created_by: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class AgentPageDto extends PageDto {
  @ApiProperty({ type: [AgentDto] })
  data: AgentDto[];
}

export class AgentVersionPageDto extends PageDto {
  @ApiProperty({ type: [AgentVersionDto] })
  data: AgentVersionDto[];
}
