import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { IsIn, IsOptional, IsUUID } from 'class-validator';
import { TokenUsageDto } from '../chat/native.types';
import { STOP_REASONS, type StopReason, WAIT_REASONS, type WaitReason } from '../chat/tool-loop.types';
import { PageDto, PageQuery } from '../platform/common/http/pagination';
import { type Decision, DECISIONS, RUN_STATUSES, type RunStatus } from './runs.types';

export class RunsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: RUN_STATUSES })
  @IsIn(RUN_STATUSES)
  @IsOptional()
  status?: RunStatus;

  @ApiPropertyOptional({ format: 'uuid' })
  @IsUUID()
  @IsOptional()
  agent_id?: string;
}

class RunErrorDto {
  @ApiProperty({ example: 'provider_failed' })
  code: string;

  @ApiProperty()
  message: string;
}

class StepCallDto {
  @ApiProperty({ example: 'call_1' })
  id: string;

  @ApiProperty({ example: 'calculator' })
  name: string;

  @ApiProperty({ description: 'JSON text, as the model wrote it', example: '{"expression":"6 * 7"}' })
  arguments: string;
}

/** A call of the model. */
export class ModelCallStepDto {
  @ApiProperty({ enum: ['model_call'] })
  type: 'model_call';

  @ApiProperty({ type: 'integer', description: 'Its place in the run, from 1', example: 1 })
  index: number;

  @ApiProperty({ enum: ['complete', 'partial'], description: '`partial`: cut short' })
  status: 'complete' | 'partial';

  @ApiProperty({ description: 'What the model said' })
  content: string;

  @ApiPropertyOptional({ description: "The model's reasoning, where the provider shows it" })
  reasoning?: string;

  @ApiProperty({ type: [StepCallDto] })
  tool_calls: StepCallDto[];

  @ApiProperty({ type: String, nullable: true, example: 'demo/echo' })
  model: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'demo' })
  provider: string | null;

  @ApiProperty({ type: TokenUsageDto, nullable: true })
  usage: TokenUsageDto | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null when the model has no known price',
    example: '0.000420',
  })
  cost_usd: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  duration_ms: number | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

class StepResultDto {
  @ApiProperty({ description: 'As the model was told it', example: '42' })
  content: string;

  @ApiProperty({ description: 'Whether it says why the tool failed, or was not executed' })
  is_error: boolean;

  @ApiProperty({ description: 'Whether there was more than the model was told' })
  truncated: boolean;
}

const TOOL_STATUSES = ['pending', 'waiting', 'running', 'complete'] as const;

/** A call of a tool. */
export class ToolCallStepDto {
  @ApiProperty({ enum: ['tool_call'] })
  type: 'tool_call';

  @ApiProperty({ type: 'integer', description: 'Its place in the run, from 1', example: 2 })
  index: number;

  @ApiProperty({
    enum: TOOL_STATUSES,
    description:
      '`waiting`: for a decision. One that is not `complete` when its run has ended was not executed, or its outcome is not known',
  })
  status: (typeof TOOL_STATUSES)[number];

  @ApiProperty({ example: 'call_1' })
  call_id: string;

  @ApiProperty({ example: 'calculator' })
  name: string;

  @ApiProperty({ description: 'JSON text, as the model wrote it', example: '{"expression":"6 * 7"}' })
  arguments: string;

  @ApiProperty({
    enum: WAIT_REASONS,
    nullable: true,
    description:
      'Why somebody has, or had, to decide: it was to be approved, or the process died that executed it and nobody knows whether it happened',
  })
  wait_reason: WaitReason | null;

  @ApiProperty({ enum: DECISIONS, nullable: true })
  decision: Decision | null;

  @ApiProperty({ type: String, nullable: true })
  decision_reason: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'JSON text, with `edit`: what it was executed with' })
  decided_arguments: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'Who decided' })
  decided_by: string | null;

  @ApiProperty({ type: StepResultDto, nullable: true })
  result: StepResultDto | null;

  @ApiProperty({ type: String, nullable: true, example: '0.000000' })
  cost_usd: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  duration_ms: number | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class RunSummaryDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ description: 'What the user said last', example: 'How much is 6 times 7?' })
  input: string;

  @ApiProperty({ enum: RUN_STATUSES })
  status: RunStatus;

  @ApiProperty({ enum: STOP_REASONS, nullable: true, description: 'Null until it has ended' })
  stop_reason: StopReason | null;

  @ApiProperty({ description: 'What the model said last', example: '42' })
  output: string;

  @ApiProperty({ type: TokenUsageDto, description: 'So far' })
  usage: TokenUsageDto;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'So far, models and tools; null when a price is not known',
  })
  cost_usd: string | null;

  @ApiProperty({ description: 'Whether a model has no known price' })
  unpriced: boolean;

  @ApiProperty({ type: RunErrorDto, nullable: true, description: 'Why it failed' })
  error: RunErrorDto | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The saved agent' })
  agent_id: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  agent_version: number | null;

  @ApiProperty({ type: 'integer', description: 'Milliseconds it was carried on, waiting for people not counted' })
  duration_ms: number;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'Until when a decision is waited for',
  })
  decide_by: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  finished_at: string | null;
}

@ApiExtraModels(ModelCallStepDto, ToolCallStepDto)
export class RunDto extends RunSummaryDto {
  @ApiProperty({
    type: String,
    nullable: true,
    description: 'As it was asked for; null: the default',
    example: 'demo/echo',
  })
  model: string | null;

  @ApiProperty({ type: [String], example: ['calculator'] })
  tools: string[];

  @ApiProperty({ type: [String], description: 'Tools of which every call waits for a decision', example: [] })
  approve: string[];

  @ApiProperty({ type: [String], format: 'uuid' })
  collection_ids: string[];

  @ApiProperty({ type: 'integer', nullable: true, description: 'Null, of this and the next two: as configured' })
  max_steps: number | null;

  @ApiProperty({ type: String, nullable: true, example: '0.50' })
  max_cost_usd: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  max_duration_ms: number | null;

  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ $ref: getSchemaPath(ModelCallStepDto) }, { $ref: getSchemaPath(ToolCallStepDto) }] },
    description: 'Every call of the model and of tools, in order',
  })
  steps: (ModelCallStepDto | ToolCallStepDto)[];
}

export class RunPageDto extends PageDto {
  @ApiProperty({ type: [RunSummaryDto] })
  data: RunSummaryDto[];
}
