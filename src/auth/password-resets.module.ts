import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { WorkspacesModule } from '../workspaces/workspaces.module';
import { PasswordResetsService } from './password-resets.service';
import { PasswordsRepository } from './passwords.repository';

/** Apart from `AuthModule`, whose guards and workers the command line has no use for. */
@Module({
  imports: [AuditModule, WorkspacesModule],
  providers: [PasswordResetsService, PasswordsRepository],
  exports: [PasswordResetsService, PasswordsRepository],
})
export class PasswordResetsModule {}
