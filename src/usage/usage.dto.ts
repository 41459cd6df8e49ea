import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { IsInstant } from '../platform/common/http/instant';

/** What usage can be grouped by, and the column that holds it. */
export const GROUPS = {
  model: "provider || '/' || model",
  provider: 'provider',
  api_key: 'api_key_id',
  user: 'user_id',
  kind: 'kind',
  end_user: 'end_user',
} as const;
export type Group = keyof typeof GROUPS;

export const INTERVALS = ['hour', 'day', 'month'] as const;
export type Interval = (typeof INTERVALS)[number];

export class UsageQuery {
  @ApiPropertyOptional({ format: 'date-time', description: 'Inclusive; 30 days before `to` when absent' })
  @IsInstant()
  @IsOptional()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Exclusive; now when absent' })
  @IsInstant()
  @IsOptional()
  to?: string;

  @ApiPropertyOptional({ enum: Object.keys(GROUPS) })
  @IsIn(Object.keys(GROUPS))
  @IsOptional()
  group_by?: Group;
}

export class UsageHistoryQuery extends UsageQuery {
  @ApiPropertyOptional({ enum: INTERVALS, default: 'day', description: 'In UTC' })
  @IsIn(INTERVALS)
  @IsOptional()
  interval: Interval = 'day';
}

export class UsageTotalsDto {
  @ApiProperty({ type: 'integer', example: 12 })
  requests: number;

  @ApiProperty({ type: 'integer', description: 'Cached and cache-writing tokens included', example: 5120 })
  input_tokens: number;

  @ApiProperty({ type: 'integer', description: 'Reasoning tokens included', example: 940 })
  output_tokens: number;

  @ApiProperty({ type: 'integer', example: 1024 })
  cached_tokens: number;

  @ApiProperty({ description: 'Of the requests whose price is known', example: '0.004210' })
  cost_usd: string;

  @ApiProperty({ type: 'integer', description: 'Requests whose model has no known price', example: 0 })
  unpriced: number;

  @ApiProperty({ type: 'integer', example: 1 })
  errors: number;
}

const GROUP = { type: String, nullable: true, description: 'Present when grouped by it' } as const;

class UsageGroupDto extends UsageTotalsDto {
  @ApiPropertyOptional({ ...GROUP, example: 'openai/gpt-4o-mini' })
  model?: string | null;

  @ApiPropertyOptional(GROUP)
  provider?: string | null;

  @ApiPropertyOptional(GROUP)
  api_key?: string | null;

  @ApiPropertyOptional(GROUP)
  user?: string | null;

  @ApiPropertyOptional(GROUP)
  kind?: string | null;

  @ApiPropertyOptional(GROUP)
  end_user?: string | null;
}

export class UsageReportDto {
  @ApiProperty({ format: 'date-time' })
  from: string;

  @ApiProperty({ format: 'date-time' })
  to: string;

  @ApiProperty({ type: UsageTotalsDto })
  totals: UsageTotalsDto;

  @ApiProperty({ type: [UsageGroupDto], description: 'One entry a group, dearest first; empty when not grouped' })
  data: UsageGroupDto[];
}

class UsagePointDto extends UsageGroupDto {
  @ApiProperty({ format: 'date-time', description: 'Start of the interval' })
  at: string;
}

export class UsageHistoryDto {
  @ApiProperty({ format: 'date-time' })
  from: string;

  @ApiProperty({ format: 'date-time' })
  to: string;

  @ApiProperty({ enum: INTERVALS })
  interval: Interval;

  @ApiProperty({ type: [UsagePointDto], description: 'Every interval of the range, also those without usage' })
  data: UsagePointDto[];
}
