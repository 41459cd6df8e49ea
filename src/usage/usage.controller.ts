import { Controller, Get, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { UsageHistoryDto, UsageHistoryQuery, UsageQuery, UsageReportDto } from './usage.dto';
import { UsageService } from './usage.service';

@ApiTags('usage')
@Requires('usage:read')
@Controller('usage')
export class UsageController {
  constructor(private readonly usage: UsageService) {}

  @Get()
  @ApiOperation({
    summary: 'What was used and what it cost',
    description:
      'Exact up to the last finished call. Owners and admins see the whole workspace, others their own calls.',
  })
  @ApiOkResponse({ type: UsageReportDto })
  report(@CurrentUser() user: Principal, @Query() query: UsageQuery): Promise<UsageReportDto> {
    return this.usage.report(user, query);
  }

  @Get('history')
  @ApiOperation({ summary: 'The same over time, without gaps' })
  @ApiOkResponse({ type: UsageHistoryDto })
  history(@CurrentUser() user: Principal, @Query() query: UsageHistoryQuery): Promise<UsageHistoryDto> {
    return this.usage.history(user, query);
  }
}
