import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { type ServerSteps } from '../../chat/server-steps.codec';
import { STOP_REASONS, type StopReason } from '../../chat/tool-loop.types';
import { CitationDto, UnreadyDocumentDto } from '../../chat/native.types';

/** Shapes of https://platform.openai.com/docs/api-reference/chat/object */
class FunctionCallDto {
  @ApiProperty({ example: 'get_weather' })
  name: string;

  @ApiProperty({ description: 'JSON text, as the model wrote it', example: '{"city":"Paris"}' })
  arguments: string;
}

class CompletionToolCallDto {
  @ApiProperty()
  id: string;

  @ApiProperty({ enum: ['function'] })
  type: 'function';

  @ApiProperty({ type: FunctionCallDto })
  function: FunctionCallDto;
}

class CompletionMessageDto {
  @ApiProperty({ enum: ['assistant'] })
  role: 'assistant';

  @ApiProperty({ type: String, nullable: true, example: 'Hello!' })
  content: string | null;

  @ApiProperty({ type: String, nullable: true, example: null })
  refusal: string | null;

  @ApiPropertyOptional({ description: "The model's reasoning, where the provider shows it" })
  reasoning_content?: string;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description: 'Send it back with the message: the provider needs it to go on reasoning',
  })
  reasoning_details?: { text: string; format: string; data: unknown }[];

  @ApiPropertyOptional({ type: [CompletionToolCallDto] })
  tool_calls?: CompletionToolCallDto[];

  @ApiPropertyOptional({
    type: [CitationDto],
    description: 'With `collection_ids`; in a stream in the delta of the chunk with the `finish_reason`',
  })
  citations?: CitationDto[];

  @ApiPropertyOptional({
    enum: STOP_REASONS,
    nullable: true,
    description: 'With `server_tools`: why model and tools did not go on; null when it is for you to go on',
  })
  stop_reason?: StopReason | null;

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'object', additionalProperties: true },
    description:
      'With `server_tools`: what the answer was made of. Send it back with the message, and the model knows what its tools told it',
  })
  server_steps?: ServerSteps;

  @ApiPropertyOptional({
    type: [UnreadyDocumentDto],
    description: 'Documents of the collections that are not indexed yet',
  })
  not_ready?: UnreadyDocumentDto[];
}

class CompletionChoiceDto {
  @ApiProperty({ type: 'integer' })
  index: number;

  @ApiProperty({ type: CompletionMessageDto })
  message: CompletionMessageDto;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true, example: null })
  logprobs: Record<string, unknown> | null;

  @ApiProperty({ enum: ['stop', 'length', 'tool_calls', 'content_filter'] })
  finish_reason: string;
}

class PromptTokensDetailsDto {
  @ApiProperty({ type: 'integer' })
  cached_tokens: number;
}

class CompletionTokensDetailsDto {
  @ApiProperty({ type: 'integer' })
  reasoning_tokens: number;
}

export class CompletionUsageDto {
  @ApiProperty({ type: 'integer', example: 9 })
  prompt_tokens: number;

  @ApiProperty({ type: 'integer', example: 12 })
  completion_tokens: number;

  @ApiProperty({ type: 'integer', example: 21 })
  total_tokens: number;

  @ApiProperty({ type: PromptTokensDetailsDto })
  prompt_tokens_details: PromptTokensDetailsDto;

  @ApiProperty({ type: CompletionTokensDetailsDto })
  completion_tokens_details: CompletionTokensDetailsDto;
}

export class ChatCompletionDto {
  @ApiProperty({ example: 'chatcmpl-0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11' })
  id: string;

  @ApiProperty({ enum: ['chat.completion'] })
  object: 'chat.completion';

  @ApiProperty({ type: 'integer', description: 'Unix seconds' })
  created: number;

  @ApiProperty({ example: 'demo/echo' })
  model: string;

  @ApiProperty({ type: [CompletionChoiceDto] })
  choices: CompletionChoiceDto[];

  @ApiProperty({ type: CompletionUsageDto, nullable: true })
  usage: CompletionUsageDto | null;
}

class ModelPricingDto {
  @ApiProperty({ description: 'USD per million tokens', example: '0.15' })
  input_per_mtok: string;

  @ApiProperty({ example: '0.60' })
  output_per_mtok: string;

  @ApiProperty({ type: String, nullable: true, example: '0.075' })
  cached_input_per_mtok: string | null;
}

export class ModelDto {
  @ApiProperty({ example: 'demo/echo' })
  id: string;

  @ApiProperty({ enum: ['model'] })
  object: 'model';

  @ApiProperty({ type: 'integer', description: 'Unix seconds; 0, since providers do not tell' })
  created: number;

  @ApiProperty({ example: 'demo' })
  owned_by: string;

  @ApiProperty({ example: 'demo' })
  provider: string;

  @ApiProperty({ type: 'integer', nullable: true })
  context_window: number | null;

  @ApiProperty({ type: 'integer', nullable: true })
  max_output_tokens: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Of its vectors, where it makes embeddings' })
  dimensions: number | null;

  @ApiProperty({ type: ModelPricingDto, nullable: true, description: 'Null: unknown' })
  pricing: ModelPricingDto | null;

  @ApiProperty({
    type: [String],
    nullable: true,
    description: 'Null: unknown, and not checked',
    example: ['vision', 'tools'],
  })
  capabilities: string[] | null;
}

export class ModelListDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';

  @ApiProperty({ type: [ModelDto] })
  data: ModelDto[];
}
