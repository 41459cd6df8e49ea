import { Injectable } from '@nestjs/common';
import { Command, SubCommand } from 'nest-commander';
import { PasswordResetsService } from '../auth/password-resets.service';
import { AdminService } from './admin.service';
import { type UserChange } from './admin.types';
import { OperatorCommand, OperatorGroup, pagesOf, say, table } from '../platform/common/cli/operator-command';

const EMAIL = '<email>';

@SubCommand({
  name: 'list',
  arguments: '[search]',
  description: 'everybody with an account, or whose address or name holds the text',
})
export class ListUsersCommand extends OperatorCommand {
  constructor(private readonly admin: AdminService) {
    super();
  }

  async run([q]: string[]): Promise<void> {
    for await (const users of pagesOf((page) => this.admin.users({ ...page, q }))) {
      const marks = (one: (typeof users)[number]) => [
        one.instance_admin ? 'administrator' : '',
        one.suspended ? 'suspended' : '',
        one.tier ? `tier ${one.tier}` : '',
      ];
      say(table(users.map((one) => [one.id, one.email, marks(one).filter(Boolean).join(', ')])));
    }
  }
}

/** A command that changes one user. */
@Injectable()
abstract class ChangeUserCommand extends OperatorCommand {
  protected abstract readonly change: UserChange;
  protected abstract readonly told: string;

  constructor(private readonly admin: AdminService) {
    super();
  }

  async run([email = '']: string[]): Promise<void> {
    const { id } = await this.admin.userByEmail(email);
    const user = await this.admin.updateUser(null, id, this.change);
    say(`${user.email} ${this.told}.`);
  }
}

@SubCommand({ name: 'suspend', arguments: EMAIL, description: 'refuse somebody everything, at once' })
export class SuspendUserCommand extends ChangeUserCommand {
  protected readonly change = { suspended: true };
  protected readonly told = 'is suspended';
}

@SubCommand({ name: 'resume', arguments: EMAIL, description: 'let somebody who was suspended back in' })
export class ResumeUserCommand extends ChangeUserCommand {
  protected readonly change = { suspended: false };
  protected readonly told = 'is not suspended any more';
}

@SubCommand({ name: 'make-admin', arguments: EMAIL, description: 'let somebody run the installation' })
export class MakeAdminCommand extends ChangeUserCommand {
  protected readonly change = { instance_admin: true };
  protected readonly told = 'is an administrator';
}

@SubCommand({ name: 'remove-admin', arguments: EMAIL, description: 'let somebody run the installation no longer' })
export class RemoveAdminCommand extends ChangeUserCommand {
  protected readonly change = { instance_admin: false };
  protected readonly told = 'is no administrator any more';
}

@SubCommand({ name: 'tier', arguments: `${EMAIL} [tier]`, description: 'give somebody a tier, or none of their own' })
export class TierUserCommand extends OperatorCommand {
  constructor(private readonly admin: AdminService) {
    super();
  }

  async run([email = '', tier]: string[]): Promise<void> {
    const { id } = await this.admin.userByEmail(email);
    const user = await this.admin.updateUser(null, id, { tier: tier ?? null });
    say(`${user.email} has ${user.tier ? `the tier ${user.tier}` : 'no tier of their own'}.`);
  }
}

@SubCommand({
  name: 'reset-password',
  arguments: EMAIL,
  description: 'make a token to set a new password with, once, within an hour',
})
export class ResetPasswordCommand extends OperatorCommand {
  constructor(
    private readonly admin: AdminService,
    private readonly resets: PasswordResetsService,
  ) {
    super();
  }

  async run([email = '']: string[]): Promise<void> {
    const user = await this.admin.userByEmail(email);
    say(
      `For POST /v1/auth/password-reset/confirm, once, within an hour: ${await this.resets.issue(user.id, 'operator')}`,
    );
  }
}

@Command({
  name: 'users',
  description: 'people with an account',
  subCommands: [
    ListUsersCommand,
    SuspendUserCommand,
    ResumeUserCommand,
    MakeAdminCommand,
    RemoveAdminCommand,
    TierUserCommand,
    ResetPasswordCommand,
  ],
})
export class UsersCommand extends OperatorGroup {}
