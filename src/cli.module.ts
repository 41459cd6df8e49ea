import { type DynamicModule, Module } from '@nestjs/common';
import { AdminModule } from './admin/admin.module';
import { UsersCommand } from './admin/users.commands';
import { WorkspacesCommand } from './admin/workspaces.commands';
import { PasswordResetsModule } from './auth/password-resets.module';
import { CommonModule } from './platform/common/common.module';
import { ConfigModule } from './platform/config/config.module';
import { type Config } from './platform/config/config.service';
import { LedgerAuditModule } from './usage/ledger-audit.module';
import { LedgerCommand } from './usage/ledger.commands';
import { SecretsCommand } from './platform/secrets/secrets.commands';
import { SecretsModule } from './platform/secrets/secrets.module';
import { DatabaseModule } from './platform/database/database.module';

/** The command line: the services of the API without its server, workers and sweeps. Adding a command: its group here. */
@Module({})
export class CliModule {
  static of(config: Config, databaseUrl: string): DynamicModule {
    return {
      module: CliModule,
      imports: [
        ConfigModule.of(config),
        CommonModule,
        DatabaseModule.at(databaseUrl),
        SecretsModule,
        AdminModule,
        PasswordResetsModule,
        LedgerAuditModule,
      ],
      providers: [UsersCommand, WorkspacesCommand, LedgerCommand, SecretsCommand].flatMap((group) =>
        group.registerWithSubCommands(),
      ),
    };
  }
}
