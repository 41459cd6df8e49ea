import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { AccountsRepository } from './accounts.repository';
import { AccountsService } from './accounts.service';
import { MembersController } from './members.controller';
import { MembersRepository } from './members.repository';
import { MembersService } from './members.service';
import { WorkspacesController } from './workspaces.controller';
import { WorkspacesRepository } from './workspaces.repository';
import { WorkspacesService } from './workspaces.service';

@Module({
  imports: [AuditModule],
  controllers: [WorkspacesController, MembersController],
  providers: [
    WorkspacesService,
    WorkspacesRepository,
    MembersService,
    MembersRepository,
    AccountsService,
    AccountsRepository,
  ],
  exports: [AccountsService],
})
export class WorkspacesModule {}
