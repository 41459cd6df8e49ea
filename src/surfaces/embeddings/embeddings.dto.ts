import { ApiProperty } from '@nestjs/swagger';

/** Shapes of https://platform.openai.com/docs/api-reference/embeddings/object */
class EmbeddingDto {
  @ApiProperty({ enum: ['embedding'] })
  object: 'embedding';

  @ApiProperty({ type: 'integer', description: 'Of the input it belongs to' })
  index: number;

  @ApiProperty({
    oneOf: [
      { type: 'array', items: { type: 'number' } },
      { type: 'string', format: 'byte' },
    ],
    description: 'Numbers; or little-endian float32 in base64, as asked for',
    example: [0.0412, -0.0131],
  })
  embedding: number[] | string;
}

class EmbeddingUsageDto {
  @ApiProperty({ type: 'integer', example: 8 })
  prompt_tokens: number;

  @ApiProperty({ type: 'integer', example: 8 })
  total_tokens: number;
}

export class EmbeddingsDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';

  @ApiProperty({ type: [EmbeddingDto] })
  data: EmbeddingDto[];

  @ApiProperty({ example: 'local/hash-384' })
  model: string;

  @ApiProperty({ type: EmbeddingUsageDto })
  usage: EmbeddingUsageDto;
}
