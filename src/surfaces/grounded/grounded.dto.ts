import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { CitationDto, TokenUsageDto, UnreadyDocumentDto } from '../../chat/native.types';

export class GroundedAnswerDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({
    description: 'Its `[n]` are the numbers of `citations`',
    example: '“Employees have 28 days of paid leave in a calendar year.” [1]',
  })
  answer: string;

  @ApiProperty({
    type: [CitationDto],
    description: 'In the order they were first made; empty when the documents do not contain an answer',
  })
  citations: CitationDto[];

  @ApiProperty({ type: [UnreadyDocumentDto], description: 'Documents of the collections that were not searched yet' })
  not_ready: UnreadyDocumentDto[];

  @ApiProperty({
    description: '`parley/no-evidence` when nothing was found and no model was asked',
    example: 'demo/extract',
  })
  model: string;

  @ApiProperty({ example: 'demo' })
  provider: string;

  @ApiProperty({ enum: ['stop', 'length', 'tool_calls', 'content_filter'] })
  finish_reason: string;

  @ApiPropertyOptional({ description: "The model's reasoning, where the provider shows it" })
  reasoning?: string;

  @ApiProperty({ type: TokenUsageDto })
  usage: TokenUsageDto;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Of the model; the search is in the usage by itself. Null when the model has no known price',
    example: '0.000420',
  })
  cost_usd: string | null;

  @ApiProperty({ description: 'Whether the model has no known price' })
  unpriced: boolean;
}
