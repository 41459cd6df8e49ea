import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { newId } from '../platform/common/ids';
import { type TokensDto } from './auth.dto';
import { invalidCredentials, invalidRefreshToken } from './auth.errors';
import { type AccessClaims, type Person, type Session } from './auth.types';
import { hashSecret, newSecret } from './secrets';
import { SessionsRepository } from './sessions.repository';

const ACCESS_TOKEN_SECONDS = 30 * 60;

/** Pairs of a short-lived access token, which is only checked, and a refresh token, which is kept and used once. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly sessions: SessionsRepository,
    private readonly jwt: JwtService,
  ) {}

  /** Throws `invalid_credentials` when the password was changed since the token version was read. */
  async start({ id: userId, tokenVersion }: Pick<Person, 'id' | 'tokenVersion'>): Promise<TokensDto> {
    const session = { id: newId(), userId, tokenVersion };
    const refreshToken = newSecret();
    if (!(await this.sessions.start(session, hashSecret(refreshToken)))) throw invalidCredentials();
    return this.pair(session, refreshToken);
  }

  /** Each refresh token works once, without grace: a second use means that it was copied, and ends the session. */
  async refresh(refreshToken: string): Promise<TokensDto> {
    const next = newSecret();
    const session = await this.sessions.rotate(hashSecret(refreshToken), hashSecret(next));
    if (!session) throw invalidRefreshToken();
    return this.pair(session, next);
  }

  async end(userId: string, refreshToken: string): Promise<void> {
    await this.sessions.end(userId, hashSecret(refreshToken));
  }

  private async pair({ id, userId, tokenVersion }: Session, refreshToken: string): Promise<TokensDto> {
    const claims: AccessClaims = { sub: userId, sid: id, ver: tokenVersion };
    return {
      access_token: await this.jwt.signAsync(claims, { jwtid: newId(), expiresIn: ACCESS_TOKEN_SECONDS }),
      refresh_token: refreshToken,
      token_type: 'bearer',
      expires_in: ACCESS_TOKEN_SECONDS,
    };
  }
}
