import { Command, SubCommand } from 'nest-commander';
import { OperatorCommand, OperatorGroup, say } from '../common/cli/operator-command';
import { SecretsService } from './secrets.service';

@SubCommand({ name: 'rotate', description: 'encrypt what is under older keys anew, under ENCRYPTION_KEY' })
export class RotateSecretsCommand extends OperatorCommand {
  constructor(private readonly secrets: SecretsService) {
    super();
  }

  async run(): Promise<void> {
    const { rotated, unreadable } = await this.secrets.rotate();
    say(`${rotated} secrets are encrypted anew.`);
    for (const id of unreadable) say(`${id} can't be decrypted.`);
    if (unreadable.length > 0) this.command.error(`error: no key fits ${unreadable.length} secrets`);
  }
}

@SubCommand({ name: 'check', description: 'count secrets by key, and name those no key fits' })
export class CheckSecretsCommand extends OperatorCommand {
  constructor(private readonly secrets: SecretsService) {
    super();
  }

  async run(): Promise<void> {
    const { keys, unreadable } = await this.secrets.check();
    for (const { keyId, secrets, known } of keys) {
      say(`${secrets} under the key ${keyId}${known ? '' : ', which is not configured'}`);
    }
    for (const { id, workspace_id } of unreadable) say(`${id} (workspace ${workspace_id}) can't be decrypted.`);
    if (unreadable.length > 0) this.command.error(`error: no key fits ${unreadable.length} secrets`);
    say('All secrets can be decrypted.');
  }
}

@Command({
  name: 'secrets',
  description: 'what is encrypted at rest',
  subCommands: [RotateSecretsCommand, CheckSecretsCommand],
})
export class SecretsCommand extends OperatorGroup {}
