import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { PageQuery } from '../platform/common/http/pagination';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { BudgetSettingsDto, BudgetsPageDto, ManagedBudgetDto } from './budgets.dto';
import { BudgetsService } from './budgets.service';

@ApiTags('budgets')
@Requires('budgets:manage')
@Controller('budgets')
export class BudgetsController {
  constructor(private readonly budgets: BudgetsService) {}

  @Put()
  @ApiOperation({
    summary: 'Limit what a workspace, a member or an API key may spend',
    description:
      'One budget for each subject and period. The same again replaces its settings (what is left out is not limited, and raises no alert) and keeps what was spent. A new one begins with what was spent in its window before.',
  })
  @ApiOkResponse({ type: ManagedBudgetDto })
  @ApiErrors('404 workspace_not_found', '404 member_not_found', '404 api_key_not_found')
  put(@CurrentUser() user: Principal, @Body() budget: BudgetSettingsDto): Promise<ManagedBudgetDto> {
    return this.budgets.put(user, budget);
  }

  @Get()
  @ApiOperation({ summary: 'The budgets of the workspace, with what is spent and reserved' })
  @ApiOkResponse({ type: BudgetsPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<BudgetsPageDto> {
    return this.budgets.list(user, query);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Remove a budget: from now on it limits nothing' })
  @ApiNoContentResponse()
  @ApiErrors('404 budget_not_found')
  delete(@CurrentUser() user: Principal, @Param('id', idParam('budget')) id: string): Promise<void> {
    return this.budgets.delete(user, id);
  }
}
