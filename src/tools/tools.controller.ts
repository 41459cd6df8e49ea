import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { ToolListDto } from './tools.dto';
import { ToolsService } from './tools.service';

@ApiTags('tools')
@Requires('tools:read')
@Controller('tools')
export class ToolsController {
  constructor(private readonly tools: ToolsService) {}

  @Get()
  @ApiOperation({
    summary: 'The tools a model can be given',
    description: 'Built in, described by the workspace, and of its MCP servers; asked for by name in `server_tools`.',
  })
  @ApiOkResponse({ type: ToolListDto })
  list(@CurrentUser() user: Principal): Promise<ToolListDto> {
    return this.tools.list(user);
  }
}
