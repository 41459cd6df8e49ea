import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsDate, IsIn, IsOptional, isRFC3339, ValidateIf } from 'class-validator';
import { RestrictionsDto, RestrictionsFields } from '../platform/common/auth/restrictions.dto';
import { type Role, ROLES } from '../platform/common/auth/permissions';
import { PageDto } from '../platform/common/http/pagination';
import { type Member, type MemberChange } from './members.types';

export class UpdateMemberDto extends RestrictionsFields implements MemberChange {
  @ApiPropertyOptional({ enum: ROLES, example: 'admin' })
  @ValidateIf(({ role }: UpdateMemberDto) => role !== undefined)
  @IsIn(ROLES)
  role?: Role;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'From then on they, and their API keys, can do nothing here; null: never. Not of owners',
    example: '2030-01-31T00:00:00Z',
  })
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && isRFC3339(value) ? new Date(value) : value,
  )
  @IsDate({ message: '$property must be a time such as 2030-01-31T00:00:00Z' })
  @IsOptional()
  expires_at?: Date | null;
}

export class MemberDto extends RestrictionsDto implements Member {
  @ApiProperty({ format: 'uuid', example: '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11' })
  user_id: string;

  @ApiProperty({ format: 'email', example: 'ada@example.com' })
  email: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ada Lovelace' })
  name: string | null;

  @ApiProperty({ enum: ROLES, example: 'member' })
  role: Role;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'From then on they can do nothing here',
  })
  expires_at: Date | null;

  @ApiProperty({ format: 'date-time', description: 'When they became a member' })
  created_at: Date;
}

/** `first_id`, `last_id` and `after` are user ids. */
export class MembersPageDto extends PageDto {
  @ApiProperty({ type: [MemberDto] })
  data: MemberDto[];
}
