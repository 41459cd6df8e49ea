import { ApiExtraModels, ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import { ErrorDto } from '../../platform/common/openapi/error.dto';
import { STOP_REASONS, type StopReason } from '../../chat/tool-loop.types';
import { CitationDto, ToolCallDto, TokenUsageDto, UnreadyDocumentDto } from '../../chat/native.types';

export class ChatAnswerDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Hello!' })
  content: string;

  @ApiProperty({ example: 'demo/echo' })
  model: string;

  @ApiProperty({ example: 'demo' })
  provider: string;

  @ApiProperty({ enum: ['stop', 'length', 'tool_calls', 'content_filter'] })
  finish_reason: string;

  @ApiPropertyOptional({ description: "The model's reasoning, where the provider shows it" })
  reasoning?: string;

  @ApiPropertyOptional({
    enum: STOP_REASONS,
    nullable: true,
    description: 'With `server_tools`: why model and tools did not go on; null when it is for you to go on',
  })
  stop_reason?: StopReason | null;

  @ApiPropertyOptional({ type: [ToolCallDto] })
  tool_calls?: ToolCallDto[];

  @ApiPropertyOptional({ type: [CitationDto], description: 'With `collection_ids`: where it stands what is said' })
  citations?: CitationDto[];

  @ApiPropertyOptional({
    type: [UnreadyDocumentDto],
    description: 'Documents of the collections that are not indexed yet',
  })
  not_ready?: UnreadyDocumentDto[];

  @ApiProperty({ type: TokenUsageDto })
  usage: TokenUsageDto;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Null when the model has no known price',
    example: '0.000420',
  })
  cost_usd: string | null;

  @ApiProperty({ description: 'Whether the model has no known price' })
  unpriced: boolean;
}

@ApiExtraModels(ChatAnswerDto, ErrorDto)
export class ChatBatchDto {
  @ApiProperty({
    type: 'array',
    items: { oneOf: [{ $ref: getSchemaPath(ChatAnswerDto) }, { $ref: getSchemaPath(ErrorDto) }] },
    description: 'In the order of the requests, each an answer or an error',
  })
  results: (ChatAnswerDto | ErrorDto)[];
}
