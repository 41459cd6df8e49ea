import { Injectable } from '@nestjs/common';
import { suspended } from '../platform/common/auth/access.errors';
import { type Principal } from '../platform/common/auth/principal';
import { Config } from '../platform/config/config.service';
import { type LoginDto, type RegisterDto, type RegisteredDto, type TokensDto } from './auth.dto';
import { emailTaken, invalidCredentials, registrationClosed } from './auth.errors';
import { PasswordHasher } from './password-hasher';
import { PeopleRepository } from './people.repository';
import { hashSecret } from './secrets';
import { SessionsService } from './sessions.service';

@Injectable()
export class AuthService {
  constructor(
    private readonly config: Config,
    private readonly people: PeopleRepository,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
  ) {}

  /** An invitation opens what is closed, and is used up with the account made. */
  async register({ email, password, name = null, invitation_token }: RegisterDto): Promise<RegisteredDto> {
    if (this.config.env.REGISTRATION === 'closed' && !invitation_token) throw registrationClosed();
    const passwordHash = await this.hasher.hash(password);
    const invitation = invitation_token ? hashSecret(invitation_token) : null;
    const created = this.isReserved(email) ? null : await this.people.create({ email, passwordHash, name, invitation });
    if (!created) throw emailTaken();
    return { ...created, ...(await this.sessions.start({ id: created.user.id, tokenVersion: 0 })) };
  }

  /** One answer and one timing for an unknown address and a wrong password. */
  async login({ email, username, password }: LoginDto): Promise<TokensDto> {
    const person = await this.people.findByEmail((email ?? username ?? '').trim());
    const matches = await this.hasher.matches(person?.passwordHash ?? null, password);
    if (!person || !matches) throw invalidCredentials();
    if (person.suspended) throw suspended();
    return this.sessions.start(person);
  }

  refresh(refreshToken: string): Promise<TokensDto> {
    return this.sessions.refresh(refreshToken);
  }

  logout({ userId }: Principal, refreshToken: string): Promise<void> {
    return this.sessions.end(userId, refreshToken);
  }

  /**
   * ADMIN_EMAIL can't be registered: its account becomes an administrator's, and nobody has proven here that the
   * address is theirs. `AdminAccountService` makes that account.
   */
  private isReserved(email: string): boolean {
    return this.config.env.ADMIN_EMAIL?.toLowerCase() === email.toLowerCase();
  }
}
