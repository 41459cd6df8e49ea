import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsUrl,
  IsUUID,
  Matches,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { PageDto } from '../platform/common/http/pagination';
import { PERIODS, SUBJECTS, type BudgetSubject, type LastAlert } from './budgets.types';

export class BudgetSubjectDto implements BudgetSubject {
  @ApiProperty({ enum: SUBJECTS })
  @IsIn(SUBJECTS)
  type: BudgetSubject['type'];

  @ApiProperty({ format: 'uuid', description: 'Of the workspace, of the member (their user id), or of the API key' })
  @IsUUID()
  id: string;
}

export class BudgetSettingsDto {
  @ApiProperty({ type: BudgetSubjectDto })
  @IsObject({ message: '$property must be an object with type and id' })
  @ValidateNested()
  @Type(() => BudgetSubjectDto)
  subject: BudgetSubjectDto;

  @ApiProperty({ enum: PERIODS, description: 'Calendar day or month in UTC, or for ever' })
  @IsIn(PERIODS)
  period: (typeof PERIODS)[number];

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Decimal USD; absent: not limited',
    example: '30.00',
  })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'number' ? String(value) : value))
  @Matches(/^\d{1,9}(\.\d{1,12})?$/, { message: '$property must be an amount of USD such as "30.00"' })
  @IsOptional()
  limit_usd?: string | null;

  @ApiPropertyOptional({ type: 'integer', nullable: true, description: 'Of prompts and answers; absent: not limited' })
  @IsInt()
  @Min(0)
  @Max(Number.MAX_SAFE_INTEGER)
  @IsOptional()
  limit_tokens?: number | null;

  @ApiPropertyOptional({
    type: [Number],
    description: 'Shares of the limit that raise an alert when they are spent, each once in a window',
    example: [0.5, 0.9],
  })
  @IsArray()
  @ArrayMaxSize(10)
  @ArrayUnique()
  @IsNumber({}, { each: true })
  @Min(0.01, { each: true })
  @Max(1, { each: true })
  @IsOptional()
  alert_at?: number[];

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    format: 'uri',
    description: 'Where alerts are sent by POST, signed as Standard Webhooks says with `alert_secret`',
    example: 'https://hooks.example.com/budgets',
  })
  @IsUrl({ protocols: ['https', 'http'], require_protocol: true, require_tld: false })
  @IsOptional()
  alert_url?: string | null;
}

export class BudgetDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: BudgetSubjectDto })
  subject: BudgetSubject;

  @ApiProperty({ enum: PERIODS })
  period: (typeof PERIODS)[number];

  @ApiProperty({ type: String, nullable: true, example: '30.000000' })
  limit_usd: string | null;

  @ApiProperty({ description: 'In the window that is current', example: '12.345000' })
  spent_usd: string;

  @ApiProperty({ description: 'What calls under way may still cost', example: '0.120000' })
  reserved_usd: string;

  @ApiProperty({ type: String, nullable: true, description: 'Never below zero', example: '17.535000' })
  remaining_usd: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  limit_tokens: number | null;

  @ApiProperty({ type: 'integer' })
  spent_tokens: number;

  @ApiProperty({ type: 'integer' })
  reserved_tokens: number;

  @ApiProperty({ type: 'integer', nullable: true })
  remaining_tokens: number | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: never' })
  resets_at: Date | null;

  @ApiProperty({ type: [Number] })
  alert_at: number[];

  @ApiProperty({ type: Number, nullable: true, description: 'The highest threshold that was reached in this window' })
  alerted: number | null;
}

export class LastAlertDto implements LastAlert {
  @ApiProperty({ example: 0.5 })
  threshold: number;

  @ApiProperty({ format: 'date-time' })
  at: string;

  @ApiProperty({ type: 'integer', description: 'How often it was sent to `alert_url`' })
  attempts: number;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'When it was heard; null: not yet' })
  delivered_at: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'null: it is not sent again' })
  next_attempt_at: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'Why the last attempt failed', example: 'answered 503' })
  error: string | null;
}

export class ManagedBudgetDto extends BudgetDto {
  @ApiProperty({ type: String, nullable: true })
  alert_url: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What alerts are signed with; null without `alert_url`',
    example: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  })
  alert_secret: string | null;

  @ApiProperty({ type: LastAlertDto, nullable: true, description: 'The newest alert; null: none was raised yet' })
  last_alert: LastAlertDto | null;
}

export class BudgetsPageDto extends PageDto {
  @ApiProperty({ type: [ManagedBudgetDto] })
  data: ManagedBudgetDto[];
}
