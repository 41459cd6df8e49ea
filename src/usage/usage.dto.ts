import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, isISO8601, IsOptional, ValidateBy } from 'class-validator';

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

/** RFC 3339, or a date, which begins at midnight UTC. Not taken: ISO 8601's weeks, numbered days and times of no zone. */
const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/;
const isInstant = (value: unknown): boolean =>
  typeof value === 'string' &&
  INSTANT.test(value) &&
  isISO8601(value, { strict: true }) && // there is no 30 February
  new Date(value).getUTCFullYear() <= 9999; // false for what is no time at all

const IsInstant = (): PropertyDecorator =>
  ValidateBy({
    name: 'isInstant',
    validator: {
      validate: isInstant,
      defaultMessage: () => '$property must be a time such as 2026-11-01T00:00:00Z, or a date',
    },
  });

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
