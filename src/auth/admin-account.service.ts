import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../platform/config/config.service';
import { PasswordHasher } from './password-hasher';
import { type NewPerson, PeopleRepository } from './people.repository';

/**
 * Makes the account of ADMIN_EMAIL an instance administrator's at every start. Registering that address is refused, so
 * the account is either made here, with ADMIN_PASSWORD, or older than the setting. An older one might be a stranger's
 * who took the address: with ADMIN_PASSWORD it is only promoted when that is its password; without, the operator has
 * named an account they know.
 */
@Injectable()
export class AdminAccountService implements OnApplicationBootstrap {
  private readonly logger = new Logger(AdminAccountService.name);

  constructor(
    private readonly config: Config,
    private readonly people: PeopleRepository,
    private readonly hasher: PasswordHasher,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = this.config.env;
    if (!email) return;
    if (password && !(await this.people.findByEmail(email)) && (await this.create(email, password))) return;

    const person = await this.people.findByEmail(email);
    if (!person) {
      this.logger.warn(`ADMIN_EMAIL: there is no account ${email}. Set ADMIN_PASSWORD to have it made.`);
    } else if (!person.isAdmin && password && !(await this.hasher.matches(person.passwordHash, password))) {
      this.logger.error(
        `ADMIN_EMAIL: the account ${email} exists and its password is not ADMIN_PASSWORD, so it was not made an administrator's. Unset ADMIN_PASSWORD if it is yours.`,
      );
    } else if (!person.isAdmin) {
      await this.people.makeAdmin(person.id);
      this.logger.warn(`ADMIN_EMAIL: the account ${email} is now an administrator's.`);
    }
  }

  /** False when another process made it first. */
  private async create(email: string, password: string): Promise<boolean> {
    const admin: NewPerson = { email, passwordHash: await this.hasher.hash(password), name: null, isAdmin: true };
    const made = await this.people.create(admin);
    if (made) this.logger.log(`ADMIN_EMAIL: the administrator's account ${email} was made.`);
    return made !== null;
  }
}
