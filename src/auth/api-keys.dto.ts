import { ApiProperty, ApiPropertyOptional, IntersectionType, OmitType, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsRFC3339,
  IsString,
  Length,
  Max,
  Min,
} from 'class-validator';
import { RestrictionsDto, RestrictionsFields } from '../platform/common/auth/restrictions.dto';
import { type Scope, SCOPES } from '../platform/common/auth/permissions';
import { PageDto } from '../platform/common/http/pagination';
import { type ApiKey } from './api-keys.types';

const MAX_OVERLAP_SECONDS = 7 * 24 * 3600;

class ApiKeyNameDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'production' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  @Length(1, 100)
  name: string;
}

export class CreateApiKeyDto extends IntersectionType(ApiKeyNameDto, RestrictionsFields) {
  @ApiPropertyOptional({
    enum: SCOPES,
    isArray: true,
    nullable: true,
    description: 'Narrows the key; without it, it may whatever its user may in the workspace',
    example: ['chat'],
  })
  @IsArray()
  @ArrayNotEmpty()
  @ArrayUnique()
  @IsIn(SCOPES, { each: true })
  @IsOptional()
  scopes?: Scope[] | null;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'In the future',
    example: '2030-01-31T00:00:00Z',
  })
  @IsRFC3339({ message: '$property must be a time such as 2030-01-31T00:00:00Z' })
  @IsOptional()
  expires_at?: string | null;
}

/** Absent fields stay as they are; null lifts a rule. Scopes are for life. */
export class UpdateApiKeyDto extends IntersectionType(
  PartialType(ApiKeyNameDto, { skipNullProperties: false }),
  OmitType(CreateApiKeyDto, ['name', 'scopes']),
) {}

export class RotateApiKeyDto {
  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_OVERLAP_SECONDS,
    default: 3600,
    description: 'How long the old key still works',
  })
  @IsInt()
  @Min(0)
  @Max(MAX_OVERLAP_SECONDS)
  @IsOptional()
  overlap_seconds?: number = 3600;
}

export class ApiKeyDto extends RestrictionsDto implements ApiKey {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'production' })
  name: string;

  @ApiProperty({ description: 'How the secret begins', example: 'parley_Vx3kQe' })
  prefix: string;

  @ApiProperty({ enum: SCOPES, isArray: true, nullable: true, description: 'null: not narrowed' })
  scopes: Scope[] | null;

  @ApiProperty({ format: 'uuid', description: 'The one workspace it works in' })
  workspace_id: string;

  @ApiProperty({ format: 'uuid', description: 'The member it acts as' })
  user_id: string;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  expires_at: Date | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, description: 'To the minute' })
  last_used_at: Date | null;

  @ApiProperty({ format: 'date-time' })
  created_at: Date;
}

export class NewApiKeyDto extends ApiKeyDto {
  @ApiProperty({ description: 'The secret. It is shown only now', example: 'parley_Vx3kQeNn…' })
  key: string;
}

export class ApiKeysPageDto extends PageDto {
  @ApiProperty({ type: [ApiKeyDto] })
  data: ApiKeyDto[];
}
