import { ApiProperty } from '@nestjs/swagger';

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

export class ToolCallDto {
  @ApiProperty({ example: 'call_1' })
  id: string;

  @ApiProperty({ example: 'get_weather' })
  name: string;

  @ApiProperty({ description: 'JSON text, as the model wrote it', example: '{"city":"Paris"}' })
  arguments: string;
}
