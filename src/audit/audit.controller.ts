import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { AuditPageDto, AuditQuery } from './audit.dto';
import { AuditService } from './audit.service';

@ApiTags('audit')
@Controller('audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @Requires('audit:read')
  @ApiOperation({
    summary: 'Who changed what in the workspace (owners and admins)',
    description:
      'Rights, keys, members and invitations. Entries are written with the change they tell of and never altered.',
  })
  @ApiOkResponse({ type: AuditPageDto })
  list(@CurrentUser() { workspaceId }: Principal, @Query() query: AuditQuery): Promise<AuditPageDto> {
    return this.audit.list(workspaceId, query);
  }
}
