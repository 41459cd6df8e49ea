import { Command, SubCommand } from 'nest-commander';
import { OperatorCommand, OperatorGroup, say } from '../platform/common/cli/operator-command';
import { LedgerAuditService } from './ledger-audit.service';

@SubCommand({
  name: 'verify',
  description: 'compare what budgets say is spent and reserved with the rows it comes from',
})
export class VerifyLedgerCommand extends OperatorCommand {
  constructor(private readonly audit: LedgerAuditService) {
    super();
  }

  async run(): Promise<void> {
    const { budgets, discrepancies } = await this.audit.verify();
    for (const one of discrepancies) {
      say(`${one.id} (${one.subject_type}, ${one.period}, workspace ${one.workspace_id})`);
      say(
        `  spent    ${one.spent_usd} USD, ${one.spent_tokens} tokens; rows ${one.rows_usd} USD, ${one.rows_tokens} tokens`,
      );
      say(
        `  reserved ${one.reserved_usd} USD, ${one.reserved_tokens} tokens; held ${one.held_usd} USD, ${one.held_tokens} tokens`,
      );
    }
    const wrong = discrepancies.length;
    if (wrong > 0) this.command.error(`error: ${wrong} of ${budgets} budgets disagree with the ledger`);
    say(`${budgets} budgets agree with the ledger.`);
  }
}

@Command({ name: 'ledger', description: 'the ledger', subCommands: [VerifyLedgerCommand] })
export class LedgerCommand extends OperatorGroup {}
