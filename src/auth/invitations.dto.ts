import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, IsIn, IsNotEmpty, IsString, MaxLength } from 'class-validator';
import { type Role, ROLES } from '../platform/common/auth/permissions';
import { PageDto } from '../platform/common/http/pagination';
import { type Invitation } from './invitations.types';

export class InviteDto {
  @ApiProperty({ format: 'email', example: 'grace@example.com' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsEmail()
  @MaxLength(254)
  email: string;

  @ApiProperty({ enum: ROLES, description: "No higher than the caller's own", example: 'member' })
  @IsIn(ROLES)
  role: Role;
}

export class AcceptInvitationDto {
  @ApiProperty({ description: 'From the mail, or from whoever invited' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  token: string;
}

export class InvitationDto implements Invitation {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ format: 'uuid' })
  workspace_id: string;

  @ApiProperty({ format: 'email', example: 'grace@example.com' })
  email: string;

  @ApiProperty({ enum: ROLES, example: 'member' })
  role: Role;

  @ApiProperty({ format: 'uuid', description: 'The member who invited' })
  invited_by: string;

  @ApiProperty({ format: 'date-time', description: 'Seven days after it was made' })
  expires_at: Date;

  @ApiProperty({ format: 'date-time' })
  created_at: Date;
}

export class NewInvitationDto extends InvitationDto {
  @ApiProperty({ description: 'Works once. It is shown only now', example: 'Vx3kQeNn…' })
  token: string;
}

export class InvitationsPageDto extends PageDto {
  @ApiProperty({ type: [InvitationDto] })
  data: InvitationDto[];
}
