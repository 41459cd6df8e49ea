import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../../platform/common/auth/principal';
import { Requires } from '../../platform/common/auth/requires.decorator';
import { idParam } from '../../platform/common/errors/validation';
import { PageQuery } from '../../platform/common/http/pagination';
import { ApiErrors } from '../../platform/common/openapi/api-errors.decorator';
import { DatabaseDto, DatabasesPageDto, NewDatabaseDto } from './databases.dto';
import { DatabasesService } from './databases.service';

@ApiTags('tools')
@Requires('tools:manage')
@Controller('tools/databases')
export class DatabasesController {
  constructor(private readonly databases: DatabasesService) {}

  @Post()
  @ApiOperation({
    summary: 'Let models read a PostgreSQL database with `sql_query`',
    description:
      'One SELECT at a time, in a transaction that is read-only and rolled back. What holds them is the role of the ' +
      'address: give it the least rights. Servers in networks that are not public must be allowed by ' +
      '`outbound.allowed_networks`.',
  })
  @ApiCreatedResponse({ type: DatabaseDto })
  @ApiErrors('409 database_name_taken', '409 too_many_tools', '503 encryption_key_missing')
  create(@CurrentUser() user: Principal, @Body() body: NewDatabaseDto): Promise<DatabaseDto> {
    return this.databases.create(user, body);
  }

  @Get()
  @ApiOperation({ summary: 'The databases of the workspace' })
  @ApiOkResponse({ type: DatabasesPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<DatabasesPageDto> {
    return this.databases.list(user, query);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete it: its connections are closed' })
  @ApiNoContentResponse()
  @ApiErrors('404 database_not_found')
  delete(@CurrentUser() user: Principal, @Param('id', idParam('database')) id: string): Promise<void> {
    return this.databases.delete(user, id);
  }
}
