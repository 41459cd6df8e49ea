import { applyDecorators, Controller, Get, Query, type Type, UseInterceptors } from '@nestjs/common';
import { ApiExtraModels, ApiOperation, ApiResponse, ApiTags, getSchemaPath } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { CsvInterceptor } from '../platform/common/http/csv';
import { Requires } from '../platform/common/auth/requires.decorator';
import { historyTable, reportTable } from './usage-table';
import { UsageHistoryDto, UsageHistoryQuery, UsageQuery, UsageReportDto } from './usage.dto';
import { UsageService } from './usage.service';

const ApiUsage = (dto: Type) =>
  applyDecorators(
    ApiExtraModels(dto),
    ApiResponse({
      status: 200,
      description: 'As JSON, or with `Accept: text/csv` as a table with a header row',
      content: {
        'application/json': { schema: { $ref: getSchemaPath(dto) } },
        'text/csv': { schema: { type: 'string' } },
      },
    }),
  );

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
  @UseInterceptors(new CsvInterceptor('usage.csv', reportTable))
  @ApiUsage(UsageReportDto)
  report(@CurrentUser() user: Principal, @Query() query: UsageQuery): Promise<UsageReportDto> {
    return this.usage.report(user, query);
  }

  @Get('history')
  @ApiOperation({ summary: 'The same over time, without gaps' })
  @UseInterceptors(new CsvInterceptor('usage-history.csv', historyTable))
  @ApiUsage(UsageHistoryDto)
  history(@CurrentUser() user: Principal, @Query() query: UsageHistoryQuery): Promise<UsageHistoryDto> {
    return this.usage.history(user, query);
  }
}
