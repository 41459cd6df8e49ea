import { Body, Controller, Get, Put } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { ToolSettingsDto } from './tool-settings.dto';
import { ToolSettingsService } from './tool-settings.service';

@ApiTags('tools')
@Controller('tools/settings')
export class ToolSettingsController {
  constructor(private readonly settings: ToolSettingsService) {}

  @Get()
  @Requires('tools:read')
  @ApiOperation({ summary: 'What tools may do in the workspace' })
  @ApiOkResponse({ type: ToolSettingsDto })
  get(@CurrentUser() user: Principal): Promise<ToolSettingsDto> {
    return this.settings.get(user);
  }

  @Put()
  @Requires('tools:manage')
  @ApiOperation({ summary: 'Say what tools may do in the workspace', description: 'In force with the next call.' })
  @ApiOkResponse({ type: ToolSettingsDto })
  put(@CurrentUser() user: Principal, @Body() settings: ToolSettingsDto): Promise<ToolSettingsDto> {
    return this.settings.put(user, settings);
  }
}
