import { Injectable, Logger } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { MailService } from '../platform/mail/mail.service';
import { AccountsService } from '../workspaces/accounts.service';
import { type TokensDto } from './auth.dto';
import { invalidResetToken, wrongPassword } from './auth.errors';
import { type Person } from './auth.types';
import { PasswordHasher } from './password-hasher';
import { type ChangePasswordDto, type ConfirmResetDto, type ResetRequestedDto } from './passwords.dto';
import { PasswordResetsService } from './password-resets.service';
import { PasswordsRepository } from './passwords.repository';
import { PeopleRepository } from './people.repository';
import { hashSecret } from './secrets';
import { SessionsService } from './sessions.service';

@Injectable()
export class PasswordsService {
  private readonly logger = new Logger(PasswordsService.name);

  constructor(
    private readonly people: PeopleRepository,
    private readonly passwords: PasswordsRepository,
    private readonly resets: PasswordResetsService,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly accounts: AccountsService,
    private readonly mail: MailService,
  ) {}

  /** Answers the same, after the same time, whether or not there is such an account: the rest happens behind it. */
  async requestReset(email: string): Promise<ResetRequestedDto> {
    const person = await this.people.findByEmail(email);
    if (person) {
      this.sendReset(person).catch((error: unknown) =>
        this.logger.error(`a password reset could not be sent: ${error instanceof Error ? error.message : 'unknown'}`),
      );
    }
    return { message: 'If there is an account with this address, a token is on its way to it.' };
  }

  async confirmReset({ token, password }: ConfirmResetDto): Promise<void> {
    const person = await this.passwords.reset(hashSecret(token), await this.hasher.hash(password));
    if (!person) throw invalidResetToken();
    this.accounts.forget(person.id);
  }

  /** Ends every session, and begins one for the caller. */
  async change(principal: Principal, { current_password, new_password }: ChangePasswordDto): Promise<TokensDto> {
    const person = await this.people.find(principal.userId);
    const matches = await this.hasher.matches(person?.passwordHash ?? null, current_password);
    const changed = person && matches && (await this.passwords.change(person, await this.hasher.hash(new_password)));
    if (!changed) throw wrongPassword();
    this.accounts.forget(changed.id);
    return this.sessions.start(changed);
  }

  /** To the address as it was registered: one that only compares equal may be someone else's. */
  private async sendReset({ id, email }: Person): Promise<void> {
    const token = await this.resets.issue(id, 'user');
    await this.mail.send({
      to: email,
      subject: 'Reset your Parley password',
      text: `Your password reset token is ${token}\n\nIt works once, within one hour, at POST /v1/auth/password-reset/confirm. If you did not ask for it, ignore this mail.`,
    });
  }
}
