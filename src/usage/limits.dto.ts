import { ApiProperty } from '@nestjs/swagger';
import { BudgetDto } from './budgets.dto';

const WHEN = { type: String, format: 'date-time', nullable: true } as const;

export class RateLimitDto {
  @ApiProperty({ enum: ['requests_per_minute', 'requests_per_day', 'tokens_per_minute', 'concurrent'] })
  limit: string;

  @ApiProperty({ enum: ['workspace'], description: 'Who shares it: all of the workspace who have this tier' })
  subject: 'workspace';

  @ApiProperty({ type: String, enum: ['minute', 'day'], nullable: true, description: 'Null for calls at a time' })
  window: string | null;

  @ApiProperty({ type: 'integer', example: 20 })
  max: number;

  @ApiProperty({ type: 'integer', example: 19 })
  remaining: number;

  @ApiProperty({ ...WHEN, description: 'When all of it is there again; null when it is now, or nobody knows' })
  resets_at: string | null;
}

class DocumentLimitsDto {
  @ApiProperty({ type: 'integer', description: 'Of one file', example: 20_971_520 })
  max_upload_bytes: number;

  @ApiProperty({ type: 'integer', nullable: true, example: 1_000 })
  max_documents: number | null;
}

export class LimitsDto {
  @ApiProperty({ type: String, nullable: true, description: 'Null: no rates are limited', example: 'free' })
  tier: string | null;

  @ApiProperty({ type: [RateLimitDto], description: 'What the tier limits' })
  rates: RateLimitDto[];

  @ApiProperty({ type: DocumentLimitsDto, description: 'Null is not limited' })
  documents: DocumentLimitsDto;

  @ApiProperty({ type: [BudgetDto], description: 'Those that limit what the caller may spend' })
  budgets: BudgetDto[];
}
