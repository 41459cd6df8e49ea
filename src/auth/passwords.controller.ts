import { Body, Controller, Header, HttpCode, Post, UseGuards } from '@nestjs/common';
import { ApiAcceptedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Public } from '../platform/common/auth/public.decorator';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { AttemptsGuard } from './attempts.guard';
import { TokensDto } from './auth.dto';
import { ChangePasswordDto, ConfirmResetDto, RequestResetDto, ResetRequestedDto } from './passwords.dto';
import { PasswordsService } from './passwords.service';

@Controller()
export class PasswordsController {
  constructor(private readonly passwords: PasswordsService) {}

  @Public()
  @UseGuards(AttemptsGuard)
  @Post('auth/password-reset')
  @HttpCode(202)
  @ApiTags('auth')
  @ApiOperation({
    summary: 'Have a password reset token sent',
    description:
      'Always the same answer. An installation without SMTP_URL writes the token into the log of the server.',
  })
  @ApiAcceptedResponse({ type: ResetRequestedDto })
  requestReset(@Body() { email }: RequestResetDto): Promise<ResetRequestedDto> {
    return this.passwords.requestReset(email);
  }

  @Public()
  @UseGuards(AttemptsGuard)
  @Post('auth/password-reset/confirm')
  @HttpCode(204)
  @ApiTags('auth')
  @ApiOperation({
    summary: 'Set a new password with a reset token',
    description: 'Ends all sessions of the account; its access tokens stop at once. API keys stay.',
  })
  @ApiNoContentResponse()
  @ApiErrors('400 invalid_reset_token')
  confirmReset(@Body() confirmation: ConfirmResetDto): Promise<void> {
    return this.passwords.confirmReset(confirmation);
  }

  @UseGuards(AttemptsGuard)
  @SkipThrottle({ requests: true })
  @Post('users/me/password')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiTags('users')
  @ApiOperation({
    summary: 'Change your password',
    description: 'Ends all sessions, this one too, and answers with the tokens of a new one. API keys stay.',
  })
  @ApiOkResponse({ type: TokensDto })
  @ApiErrors('400 wrong_password')
  change(@CurrentUser() user: Principal, @Body() passwords: ChangePasswordDto): Promise<TokensDto> {
    return this.passwords.change(user, passwords);
  }
}
