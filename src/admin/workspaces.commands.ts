import { Injectable } from '@nestjs/common';
import { Command, SubCommand } from 'nest-commander';
import { isUuid } from '../platform/common/ids';
import { noSuchWorkspace } from './admin.errors';
import { AdminService } from './admin.service';
import { type AdminWorkspace, type WorkspaceChange } from './admin.types';
import { OperatorCommand, OperatorGroup, pagesOf, say, table } from '../platform/common/cli/operator-command';

@SubCommand({ name: 'list', arguments: '[search]', description: 'every workspace, or those whose name holds the text' })
export class ListWorkspacesCommand extends OperatorCommand {
  constructor(private readonly admin: AdminService) {
    super();
  }

  async run([q]: string[]): Promise<void> {
    for await (const workspaces of pagesOf((page) => this.admin.workspaces({ ...page, q }))) {
      say(
        table(
          workspaces.map((one) => [
            one.id,
            `${one.members} ${one.members === 1 ? 'member' : 'members'}`,
            one.name,
            one.owner ?? '',
            [one.suspended ? 'suspended' : '', one.tier ? `tier ${one.tier}` : ''].filter(Boolean).join(', '),
          ]),
        ),
      );
    }
  }
}

/** A command that changes one workspace. */
@Injectable()
abstract class ChangeWorkspaceCommand extends OperatorCommand {
  protected abstract changeTo(argument: string | undefined): WorkspaceChange;
  protected abstract told(workspace: AdminWorkspace): string;

  constructor(private readonly admin: AdminService) {
    super();
  }

  async run([id, argument]: string[]): Promise<void> {
    if (!isUuid(id)) throw noSuchWorkspace();
    const workspace = await this.admin.updateWorkspace(null, id, this.changeTo(argument));
    say(`${workspace.name} ${this.told(workspace)}.`);
  }
}

@SubCommand({ name: 'suspend', arguments: '<id>', description: 'refuse everybody everything in a workspace, at once' })
export class SuspendWorkspaceCommand extends ChangeWorkspaceCommand {
  protected readonly changeTo = () => ({ suspended: true });
  protected readonly told = () => 'is suspended';
}

@SubCommand({ name: 'resume', arguments: '<id>', description: 'open a workspace that was suspended' })
export class ResumeWorkspaceCommand extends ChangeWorkspaceCommand {
  protected readonly changeTo = () => ({ suspended: false });
  protected readonly told = () => 'is not suspended any more';
}

@SubCommand({ name: 'tier', arguments: '<id> [tier]', description: 'give a workspace a tier, or the default again' })
export class TierWorkspaceCommand extends ChangeWorkspaceCommand {
  protected readonly changeTo = (tier: string | undefined) => ({ tier: tier ?? null });
  protected readonly told = ({ tier }: AdminWorkspace) => `has ${tier ? `the tier ${tier}` : 'the default tier'}`;
}

@Command({
  name: 'workspaces',
  description: 'workspaces',
  subCommands: [ListWorkspacesCommand, SuspendWorkspaceCommand, ResumeWorkspaceCommand, TierWorkspaceCommand],
})
export class WorkspacesCommand extends OperatorGroup {}
