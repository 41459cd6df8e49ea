import { ApiProperty } from '@nestjs/swagger';

export class QuantilesDto {
  @ApiProperty({ example: 412 })
  p50: number;

  @ApiProperty({ example: 1380 })
  p95: number;
}

export class KeysStateDto {
  @ApiProperty({ type: 'integer', example: 2 })
  total: number;

  @ApiProperty({ type: 'integer', example: 0, description: 'Refused or limited, and left alone for now' })
  resting: number;
}

export class TargetStateDto {
  @ApiProperty({ example: 'openai' })
  provider: string;

  @ApiProperty({ example: 'openai/gpt-4o-mini' })
  model: string;

  @ApiProperty({
    enum: ['closed', 'open', 'half_open'],
    description: 'Of its breaker: `open` is left alone, `half_open` is being probed',
  })
  state: 'closed' | 'open' | 'half_open';

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When an open one is tried again' })
  retry_at: string | null;

  @ApiProperty({ type: KeysStateDto, nullable: true, description: 'Null for a provider no longer configured' })
  keys: KeysStateDto | null;

  @ApiProperty({ type: 'integer', example: 128, description: 'Sent to it; requests at fault themselves are left out' })
  attempts: number;

  @ApiProperty({ type: Number, nullable: true, example: 0.992, description: 'Null when there was nothing to judge by' })
  success_rate: number | null;

  @ApiProperty({ type: QuantilesDto, nullable: true, description: 'Milliseconds to the first content' })
  ttft_ms: QuantilesDto | null;

  @ApiProperty({ type: QuantilesDto, nullable: true, description: 'After the first content' })
  tokens_per_second: QuantilesDto | null;
}

export class ProvidersStateDto {
  @ApiProperty({ enum: ['list'] })
  object: 'list';

  @ApiProperty({ type: 'integer', example: 5 })
  window_minutes: number;

  @ApiProperty({ type: [TargetStateDto] })
  data: TargetStateDto[];
}
