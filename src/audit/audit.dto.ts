import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { IsInstant } from '../platform/common/http/instant';
import { PageDto, PageQuery } from '../platform/common/http/pagination';
import { type AuditEntry, type Changes } from './audit.types';

export class AuditQuery extends PageQuery {
  @ApiPropertyOptional({
    description: 'Only this action: a kind of thing and what was done to it, as entries show it',
    example: 'member.role_changed',
  })
  @IsString()
  @MaxLength(100)
  @IsOptional()
  action?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Only what this user did' })
  @IsUUID()
  @IsOptional()
  actor_id?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Not before' })
  @IsInstant()
  @IsOptional()
  from?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Before' })
  @IsInstant()
  @IsOptional()
  to?: string;
}

export class AuditEntryDto implements AuditEntry {
  @ApiProperty({ format: 'uuid', example: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e15' })
  id: string;

  @ApiProperty({ format: 'date-time' })
  at: Date;

  @ApiProperty({ example: 'member.role_changed' })
  action: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null: the installation' })
  workspace_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The user; null: the operator' })
  actor_id: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The API key they used, if any' })
  api_key_id: string | null;

  @ApiProperty({ description: 'The kind of thing it was done to', example: 'member' })
  target_type: string;

  @ApiProperty({ format: 'uuid' })
  target_id: string;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'object', properties: { before: {}, after: {} } },
    description: 'What changed, by attribute; null before a thing was made, and after it is gone',
    example: { role: { before: 'member', after: 'admin' } },
  })
  changes: Changes;

  @ApiProperty({ type: String, nullable: true, description: 'Where the request came from', example: '203.0.113.7' })
  ip: string | null;

  @ApiProperty({ type: String, nullable: true, example: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11' })
  request_id: string | null;
}

export class AuditPageDto extends PageDto {
  @ApiProperty({ type: [AuditEntryDto] })
  data: AuditEntryDto[];
}
