import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsObject, IsOptional, IsString, IsUUID, MaxLength, MinLength } from 'class-validator';
import { MOST_COLLECTIONS } from '../chat/grounding.codec';
import { MOST_SERVER_TOOLS } from '../chat/generation.codec';
import { STOP_REASONS, type StopReason } from '../chat/tool-loop.types';
import { CitationDto, TokenUsageDto, ToolCallDto, UnreadyDocumentDto } from '../chat/native.types';
import { PageDto, PageQuery } from '../platform/common/http/pagination';
import { MESSAGE_STATUSES, type MessageStatus } from './message.entity';

const FINISH_REASONS = ['stop', 'length', 'tool_calls', 'content_filter', 'cancelled'];

/** Of a new conversation, and of a change to one: what is absent stays, `null` clears. */
export class ConversationFieldsDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 500, example: 'Trip to Paris' })
  @IsString()
  @MaxLength(500)
  @IsOptional()
  title?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'demo/echo',
    description: 'The default model when absent',
  })
  @IsString()
  @MinLength(1)
  @MaxLength(256)
  @IsOptional()
  model?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 100_000, example: 'Answer in one sentence.' })
  @IsString()
  @MaxLength(100_000)
  @IsOptional()
  system_prompt?: string | null;

  @ApiPropertyOptional({
    type: [String],
    format: 'uuid',
    nullable: true,
    maxItems: MOST_COLLECTIONS,
    description: 'Collections its answers are made from, with citations, unless a turn names its own',
  })
  @IsArray()
  @ArrayMaxSize(MOST_COLLECTIONS)
  @IsUUID('all', { each: true })
  @IsOptional()
  collection_ids?: string[] | null;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    maxItems: MOST_SERVER_TOOLS,
    example: ['calculator'],
    description: 'Tools that are executed here in its turns, unless a turn names its own `server_tools`',
  })
  @IsArray()
  @ArrayMaxSize(MOST_SERVER_TOOLS)
  @MaxLength(64, { each: true })
  @IsString({ each: true })
  @IsOptional()
  tools?: string[] | null;

  @ApiPropertyOptional({ type: 'object', additionalProperties: true, example: { ticket: 42 } })
  @Transform(({ obj }: { obj: { metadata: unknown } }) => obj.metadata) // as it came, whatever its keys are named
  @IsObject()
  @IsOptional()
  metadata?: Record<string, unknown> | null;
}

export class ConversationsQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Searched in titles and messages; quotes, `or` and `-` work', example: 'paris' })
  @IsString()
  @MaxLength(500)
  @IsOptional()
  q?: string;
}

export class ConversationDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, nullable: true, example: 'Trip to Paris' })
  title: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'demo/echo' })
  model: string | null;

  @ApiProperty({ type: String, nullable: true })
  system_prompt: string | null;

  @ApiProperty({ type: [String], format: 'uuid' })
  collection_ids: string[];

  @ApiProperty({ type: [String], example: [] })
  tools: string[];

  @ApiProperty({ type: 'object', additionalProperties: true, example: {} })
  metadata: Record<string, unknown>;

  @ApiProperty({ format: 'date-time' })
  created_at: string;

  @ApiProperty({ format: 'date-time', description: 'Of the last turn or change' })
  updated_at: string;
}

class MessageErrorDto {
  @ApiProperty({ example: 'upstream_truncated' })
  code: string;

  @ApiProperty()
  message: string;
}

export class MessageDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The message before it' })
  parent_id: string | null;

  @ApiProperty({ enum: ['user', 'assistant', 'tool'] })
  role: 'user' | 'assistant' | 'tool';

  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'object', additionalProperties: true } }],
    description: 'Text; parts, as they were sent, when there are images or files',
    example: 'Hello!',
  })
  content: string | Record<string, unknown>[];

  @ApiProperty({
    enum: MESSAGE_STATUSES,
    description: '`partial`: cut short, `cancelled`: by its user; what was said is kept',
  })
  status: MessageStatus;

  @ApiProperty({ type: String, nullable: true, example: 'demo/echo' })
  model: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'demo' })
  provider: string | null;

  @ApiProperty({ type: String, enum: FINISH_REASONS, nullable: true })
  finish_reason: string | null;

  @ApiPropertyOptional({ enum: STOP_REASONS, description: 'Why a loop of model and server tools ended' })
  stop_reason?: StopReason;

  @ApiPropertyOptional({ description: "The model's reasoning, where the provider shows it" })
  reasoning?: string;

  @ApiProperty({ type: TokenUsageDto, nullable: true })
  usage: TokenUsageDto | null;

  @ApiProperty({ type: String, nullable: true, example: '0.000420' })
  cost_usd: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  latency_ms: number | null;

  @ApiProperty({ type: [CitationDto], description: 'In the order they were first made' })
  citations: CitationDto[];

  @ApiPropertyOptional({ type: [UnreadyDocumentDto], description: 'Of a grounded answer: documents found only later' })
  not_ready?: UnreadyDocumentDto[];

  @ApiProperty({ type: [ToolCallDto] })
  tool_calls: ToolCallDto[];

  @ApiPropertyOptional({ type: MessageErrorDto, description: 'Why it is not complete' })
  error?: MessageErrorDto;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class ConversationWithMessagesDto extends ConversationDto {
  @ApiProperty({ type: [MessageDto], description: 'The latest 20, oldest first' })
  messages: MessageDto[];
}

export class ConversationPageDto extends PageDto {
  @ApiProperty({ type: [ConversationDto] })
  data: ConversationDto[];
}

export class MessagePageDto extends PageDto {
  @ApiProperty({ type: [MessageDto] })
  data: MessageDto[];
}

export class TurnAnswerDto {
  @ApiProperty({ format: 'uuid' })
  conversation_id: string;

  @ApiProperty({ type: MessageDto })
  message: MessageDto;

  @ApiProperty({ enum: FINISH_REASONS })
  finish_reason: string;

  @ApiProperty({ type: TokenUsageDto })
  usage: TokenUsageDto;

  @ApiProperty({ type: String, nullable: true, example: '0.000420' })
  cost_usd: string | null;

  @ApiProperty({ description: 'Whether the model has no known price' })
  unpriced: boolean;
}
