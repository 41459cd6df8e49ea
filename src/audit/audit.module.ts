import { Module } from '@nestjs/common';
import { AuditController } from './audit.controller';
import { InstallationAuditController } from './installation-audit.controller';
import { AuditRepository } from './audit.repository';
import { AuditService } from './audit.service';

@Module({
  controllers: [AuditController, InstallationAuditController],
  providers: [AuditService, AuditRepository],
  exports: [AuditService],
})
export class AuditModule {}
