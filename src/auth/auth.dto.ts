import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, IsNotEmpty, IsOptional, IsString, Length, MaxLength, ValidateIf } from 'class-validator';
import { UserDto } from '../users/users.types';
import { WorkspaceDto } from '../workspaces/workspaces.types';
import { IsNewPassword } from './password.decorator';

const Trimmed = () => Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value));

export class RegisterDto {
  @ApiProperty({ format: 'email', example: 'ada@example.com' })
  @Trimmed()
  @IsEmail()
  @MaxLength(254)
  email: string;

  @IsNewPassword()
  password: string;

  @ApiPropertyOptional({ type: String, nullable: true, minLength: 1, maxLength: 100, example: 'Ada Lovelace' })
  @Trimmed()
  @IsString()
  @Length(1, 100)
  @IsOptional()
  name?: string | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    description: 'Makes the account a member of the workspace it was invited to; also where registration is closed',
  })
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  @IsOptional()
  invitation_token?: string | null;
}

/** JSON with `email`, or the form of OAuth2's password grant with `username`. */
export class LoginDto {
  @ApiPropertyOptional({ description: 'E-mail address', example: 'ada@example.com' })
  @ValidateIf(({ username }: LoginDto) => username === undefined)
  @IsString()
  @IsNotEmpty()
  @MaxLength(320)
  email?: string;

  @ApiPropertyOptional({ description: 'E-mail address, as the OAuth2 form names it' })
  @ValidateIf(({ email, username }: LoginDto) => email === undefined && username !== undefined)
  @IsString()
  @IsNotEmpty()
  @MaxLength(320)
  username?: string;

  @ApiProperty({ format: 'password', example: 'correct horse battery' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(1024)
  password: string;

  @ApiPropertyOptional({ description: 'OAuth2 form only', enum: ['password'] })
  @IsOptional()
  grant_type?: unknown;

  @ApiPropertyOptional({ type: String, description: 'OAuth2 form only; ignored' })
  @IsOptional()
  scope?: unknown;

  @ApiPropertyOptional({ type: String, description: 'OAuth2 form only; ignored' })
  @IsOptional()
  client_id?: unknown;

  @ApiPropertyOptional({ type: String, description: 'OAuth2 form only; ignored' })
  @IsOptional()
  client_secret?: unknown;
}

export class RefreshTokenDto {
  @ApiProperty({ example: 'Y2hlZXJz…' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  refresh_token: string;
}

export class TokensDto {
  @ApiProperty({ description: 'For `Authorization: Bearer`', example: 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.…' })
  access_token: string;

  @ApiProperty({ description: 'Works once, at `/v1/auth/refresh`, within 30 days', example: 'Y2hlZXJz…' })
  refresh_token: string;

  @ApiProperty({ enum: ['bearer'] })
  token_type: 'bearer';

  @ApiProperty({ type: 'integer', description: 'Seconds the access token lives', example: 1800 })
  expires_in: number;
}

export class RegisteredDto extends TokensDto {
  @ApiProperty({ type: UserDto })
  user: UserDto;

  @ApiProperty({ type: WorkspaceDto })
  workspace: WorkspaceDto;
}
