import { Command, SubCommand } from 'nest-commander';
import { workspaceNotFound } from '../platform/common/auth/access.errors';
import { isUuid } from '../platform/common/ids';
import { AdminService } from './admin.service';
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
            [one.suspended ? 'suspended' : '', one.tier ? `tier ${one.tier}` : ''].filter(Boolean).join(', '),
          ]),
        ),
      );
    }
  }
}

@SubCommand({ name: 'tier', arguments: '<id> [tier]', description: 'give a workspace a tier, or the default again' })
export class TierWorkspaceCommand extends OperatorCommand {
  constructor(private readonly admin: AdminService) {
    super();
  }

  async run([id, tier]: string[]): Promise<void> {
    if (!isUuid(id)) throw workspaceNotFound();
    const workspace = await this.admin.updateWorkspace(null, id, { tier: tier ?? null });
    say(`${workspace.name} has ${workspace.tier ? `the tier ${workspace.tier}` : 'the default tier'}.`);
  }
}

@Command({ name: 'workspaces', description: 'workspaces', subCommands: [ListWorkspacesCommand, TierWorkspaceCommand] })
export class WorkspacesCommand extends OperatorGroup {}
