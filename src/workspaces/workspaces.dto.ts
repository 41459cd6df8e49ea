import { ApiProperty, ApiPropertyOptional, PartialType } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsBoolean, IsOptional, IsString, Length } from 'class-validator';
import { PageDto } from '../platform/common/http/pagination';
import { WorkspaceDto } from './workspaces.types';

export class WorkspaceNameDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'Research' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsString()
  @Length(1, 100)
  name: string;
}

export class WorkspaceSettingsDto extends PartialType(WorkspaceNameDto) {
  @ApiPropertyOptional({ description: 'Whether budgets in USD take models whose price is not known' })
  @IsBoolean()
  @IsOptional()
  allow_unpriced_models?: boolean;
}

export class WorkspacesPageDto extends PageDto {
  @ApiProperty({ type: [WorkspaceDto] })
  data: WorkspaceDto[];
}
