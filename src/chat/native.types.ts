import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

export class TokenUsageDto {
  @ApiProperty({ type: 'integer', description: 'Cached tokens included', example: 9 })
  input_tokens: number;

  @ApiProperty({ type: 'integer', description: 'Reasoning tokens included', example: 12 })
  output_tokens: number;

  @ApiProperty({ type: 'integer', example: 21 })
  total_tokens: number;

  @ApiProperty({ type: 'integer', example: 0 })
  cached_tokens: number;

  @ApiProperty({ type: 'integer', example: 0 })
  reasoning_tokens: number;
}

/** What came out of a tool that was executed here. */
export class ToolOutcomeDto {
  @ApiProperty({ description: 'As the model was told it', example: '21' })
  content: string;

  @ApiProperty({ description: 'Whether it says why the tool failed' })
  is_error: boolean;

  @ApiProperty({ description: 'Whether there was more than the model was told' })
  truncated: boolean;

  @ApiProperty({ type: 'integer', example: 12 })
  duration_ms: number;

  @ApiProperty({ type: String, nullable: true, description: 'Null when it is not known', example: '0.000000' })
  cost_usd: string | null;
}

export class ToolCallDto {
  @ApiProperty({ example: 'call_1' })
  id: string;

  @ApiProperty({ example: 'get_weather' })
  name: string;

  @ApiProperty({ description: 'JSON text, as the model wrote it', example: '{"city":"Paris"}' })
  arguments: string;

  @ApiProperty({ description: 'Whether it is executed here; else it waits for the client to do so' })
  server: boolean;

  @ApiPropertyOptional({ type: ToolOutcomeDto, description: 'Of one that was executed here' })
  result?: ToolOutcomeDto;
}

/** What an answer says is so, and where that stands: `quote` is the document's extracted text from `start` to `end`. */
export class CitationDto {
  @ApiProperty({ type: 'integer', description: 'As in the text: `[1]`', example: 1 })
  number: number;

  @ApiProperty({ format: 'uuid' })
  chunk_id: string;

  @ApiProperty({ format: 'uuid' })
  document_id: string;

  @ApiProperty({ example: 'Employee handbook' })
  title: string;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Where the format has pages', example: 12 })
  page: number | null;

  @ApiProperty({ type: 'integer', description: 'In UTF-16 code units, as JavaScript slices', example: 10_480 })
  start: number;

  @ApiProperty({ type: 'integer', example: 10_534 })
  end: number;

  @ApiProperty({
    description: 'What the answer quoted, or the whole passage where it quoted nothing',
    example: 'Employees have 28 days of paid leave in a calendar year.',
  })
  quote: string;

  @ApiProperty({ type: String, nullable: true, description: 'Of a page that was fetched', example: null })
  url: string | null;
}

export class UnreadyDocumentDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Travel policy' })
  title: string;

  @ApiProperty({ example: 'running' })
  status: string;
}
