import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEmail, IsNotEmpty, IsString, MaxLength } from 'class-validator';
import { IsNewPassword } from './password.decorator';

export class RequestResetDto {
  @ApiProperty({ format: 'email', example: 'ada@example.com' })
  @Transform(({ value }: { value: unknown }) => (typeof value === 'string' ? value.trim() : value))
  @IsEmail()
  @MaxLength(254)
  email: string;
}

export class ResetRequestedDto {
  @ApiProperty({ example: 'If there is an account with this address, a token is on its way to it.' })
  message: string;
}

export class ConfirmResetDto {
  @ApiProperty({ description: 'From the mail; works once, within an hour' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(512)
  token: string;

  @IsNewPassword()
  password: string;
}

export class ChangePasswordDto {
  @ApiProperty({ format: 'password' })
  @IsString()
  @IsNotEmpty()
  @MaxLength(1024)
  current_password: string;

  @IsNewPassword()
  new_password: string;
}
