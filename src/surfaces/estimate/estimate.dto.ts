import { ApiProperty } from '@nestjs/swagger';

const COST = { type: String, nullable: true, example: '0.009842' } as const;

class EstimateTargetDto {
  @ApiProperty({ example: 'openai/gpt-4o-mini' })
  model: string;

  @ApiProperty({ example: 'openai' })
  provider: string;

  @ApiProperty({ type: 'integer', description: 'What the prompt is likely to count', example: 1250 })
  input_tokens: number;

  @ApiProperty({ type: 'integer', description: 'What it will not exceed', example: 1307 })
  input_tokens_upper: number;

  @ApiProperty({ type: 'integer', description: 'Of all answers asked for', example: 16384 })
  max_output_tokens: number;

  @ApiProperty({ ...COST, description: 'Null when the model has no known price' })
  worst_case_cost_usd: string | null;

  @ApiProperty({ description: 'Whether the model has no known price' })
  unpriced: boolean;
}

export class EstimateDto {
  @ApiProperty({ description: 'The model or route that was asked for', example: 'openai/gpt-4o-mini' })
  model: string;

  @ApiProperty({ type: [EstimateTargetDto], description: 'Every model the request may come to' })
  targets: EstimateTargetDto[];

  @ApiProperty({
    ...COST,
    description: 'Of models asked one after the other the dearest, of a race the sum; null when one has no known price',
  })
  worst_case_cost_usd: string | null;
}
