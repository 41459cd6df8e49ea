import { Body, Controller, Header, HttpCode, Post, UseGuards } from '@nestjs/common';
import {
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Public } from '../platform/common/auth/public.decorator';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { AttemptsGuard } from './attempts.guard';
import { LoginDto, RefreshTokenDto, RegisterDto, RegisteredDto, TokensDto } from './auth.dto';
import { AuthService } from './auth.service';

@ApiTags('auth')
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Public()
  @UseGuards(AttemptsGuard)
  @Post('register')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Make an account with a personal workspace',
    description:
      'With an `invitation_token` for this address it becomes a member of the workspace that invited, too; that works where registration is closed. `workspace` is the personal one.',
  })
  @ApiCreatedResponse({ type: RegisteredDto })
  @ApiErrors('400 invalid_invitation', '403 registration_closed', '403 invitation_for_another', '409 email_taken')
  register(@Body() person: RegisterDto): Promise<RegisteredDto> {
    return this.auth.register(person);
  }

  @Public()
  @UseGuards(AttemptsGuard)
  @Post('login')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Tokens for e-mail address and password' })
  @ApiConsumes('application/json', 'application/x-www-form-urlencoded')
  @ApiOkResponse({ type: TokensDto })
  @ApiErrors('401 invalid_credentials', '403 suspended')
  login(@Body() credentials: LoginDto): Promise<TokensDto> {
    return this.auth.login(credentials);
  }

  @Public()
  @UseGuards(AttemptsGuard)
  @Post('refresh')
  @HttpCode(200)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'A new pair of tokens for a refresh token',
    description:
      'A refresh token works once, also when two requests use it at the same time. Using one again ends its session, because someone else may hold a copy.',
  })
  @ApiOkResponse({ type: TokensDto })
  @ApiErrors('401 invalid_refresh_token', '403 suspended')
  refresh(@Body() { refresh_token }: RefreshTokenDto): Promise<TokensDto> {
    return this.auth.refresh(refresh_token);
  }

  @Post('logout')
  @HttpCode(204)
  @ApiOperation({
    summary: 'End a session',
    description:
      "Ends the session of the caller that the refresh token belongs to. Someone else's, or an unknown one, changes nothing. Its access token lives on until it expires.",
  })
  @ApiNoContentResponse()
  logout(@CurrentUser() user: Principal, @Body() { refresh_token }: RefreshTokenDto): Promise<void> {
    return this.auth.logout(user, refresh_token);
  }
}
