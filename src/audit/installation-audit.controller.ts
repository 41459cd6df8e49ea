import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../platform/common/auth/requires.decorator';
import { AuditPageDto, AuditQuery } from './audit.dto';
import { AuditService } from './audit.service';

@ApiTags('administration')
@Controller('admin/audit')
export class InstallationAuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @Requires('instance:manage')
  @ApiOperation({
    summary: 'Who changed what in the installation',
    description:
      'Suspensions, tiers, administrators, and passwords reset by the operator. What else happens in a workspace is in its own log.',
  })
  @ApiOkResponse({ type: AuditPageDto })
  list(@Query() query: AuditQuery): Promise<AuditPageDto> {
    return this.audit.list(null, query);
  }
}
