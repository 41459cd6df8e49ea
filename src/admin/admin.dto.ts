import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsOptional, IsString, MaxLength, ValidateIf } from 'class-validator';
import { IfGiven } from '../platform/common/errors/if-given.decorator';
import { PageDto, PageQuery } from '../platform/common/http/pagination';
import { type AdminApiKey, type AdminUser, type AdminWorkspace } from './admin.types';

const TIER = {
  type: String,
  nullable: true,
  description: 'A name of `tiers` in parley.yaml; null: the default',
  example: 'free',
} as const;
const SUSPENDED = { description: 'Refused everywhere with `403 suspended`', example: false } as const;

export class SearchQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Only those whose name or address holds this, in any case', example: 'ada' })
  @IsString()
  @MaxLength(200)
  @IsOptional()
  q?: string;
}

export class UpdateWorkspaceDto {
  @ApiPropertyOptional(SUSPENDED)
  @IfGiven()
  @IsBoolean()
  suspended?: boolean;

  @ApiPropertyOptional(TIER)
  @IsString()
  @MaxLength(64)
  @IsOptional()
  tier?: string | null;
}

export class UpdateAnyUserDto extends UpdateWorkspaceDto {
  @ApiPropertyOptional({ description: 'Whether they run the installation, too' })
  @IfGiven()
  @IsBoolean()
  instance_admin?: boolean;
}

export class UpdateAnyApiKeyDto {
  @ApiProperty(TIER)
  @ValidateIf((_, value) => value !== null)
  @IsString()
  @MaxLength(64)
  tier: string | null;
}

export class AdminUserDto implements AdminUser {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'email', example: 'ada@example.com' })
  email: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ada Lovelace' })
  name: string | null;

  @ApiProperty()
  instance_admin: boolean;

  @ApiProperty(SUSPENDED)
  suspended: boolean;

  @ApiProperty(TIER)
  tier: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: Date;
}

export class AdminUsersPageDto extends PageDto {
  @ApiProperty({ type: [AdminUserDto] })
  data: AdminUserDto[];
}

export class AdminWorkspaceDto implements AdminWorkspace {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'Research' })
  name: string;

  @ApiProperty({ description: 'Made at registration' })
  personal: boolean;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The address of its first owner',
    example: 'ada@example.com',
  })
  owner: string | null;

  @ApiProperty({ type: 'integer', description: 'How many there are', example: 3 })
  members: number;

  @ApiProperty(SUSPENDED)
  suspended: boolean;

  @ApiProperty(TIER)
  tier: string | null;

  @ApiProperty({ format: 'date-time' })
  created_at: Date;
}

export class AdminWorkspacesPageDto extends PageDto {
  @ApiProperty({ type: [AdminWorkspaceDto] })
  data: AdminWorkspaceDto[];
}

export class AdminApiKeyDto implements AdminApiKey {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ example: 'production' })
  name: string;

  @ApiProperty({ example: 'parley_Vx3kQe' })
  prefix: string;

  @ApiProperty({ format: 'uuid' })
  workspace_id: string;

  @ApiProperty({ format: 'uuid' })
  user_id: string;

  @ApiProperty(TIER)
  tier: string | null;
}
