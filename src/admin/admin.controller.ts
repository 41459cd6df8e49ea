import { Body, Controller, Get, Param, Patch, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import {
  AdminApiKeyDto,
  AdminUserDto,
  AdminUsersPageDto,
  AdminWorkspaceDto,
  AdminWorkspacesPageDto,
  SearchQuery,
  UpdateAnyApiKeyDto,
  UpdateAnyUserDto,
  UpdateWorkspaceDto,
} from './admin.dto';
import { AdminService } from './admin.service';

@ApiTags('administration')
@Requires('instance:manage')
@Controller('admin')
export class AdminController {
  constructor(private readonly admin: AdminService) {}

  @Get('users')
  @ApiOperation({ summary: 'Everybody with an account' })
  @ApiOkResponse({ type: AdminUsersPageDto })
  users(@Query() query: SearchQuery): Promise<AdminUsersPageDto> {
    return this.admin.users(query);
  }

  @Patch('users/:id')
  @ApiOperation({
    summary: 'Suspend or resume somebody, give them a tier, make them an administrator',
    description:
      'At once, for access tokens and API keys, in every process. Absent fields stay as they are. Nobody shuts themselves out.',
  })
  @ApiOkResponse({ type: AdminUserDto })
  @ApiErrors('404 user_not_found', '409 own_account')
  updateUser(
    @CurrentUser() user: Principal,
    @Param('id', idParam('user')) id: string,
    @Body() change: UpdateAnyUserDto,
  ): Promise<AdminUserDto> {
    return this.admin.updateUser(user, id, change);
  }

  @Get('workspaces')
  @ApiOperation({ summary: 'Every workspace' })
  @ApiOkResponse({ type: AdminWorkspacesPageDto })
  workspaces(@Query() query: SearchQuery): Promise<AdminWorkspacesPageDto> {
    return this.admin.workspaces(query);
  }

  @Patch('workspaces/:id')
  @ApiOperation({
    summary: 'Suspend or resume a workspace, or give it a tier',
    description: 'At once, for all its members and API keys, in every process. Absent fields stay as they are.',
  })
  @ApiOkResponse({ type: AdminWorkspaceDto })
  @ApiErrors('409 own_account')
  updateWorkspace(
    @CurrentUser() user: Principal,
    @Param('id', idParam('workspace')) id: string,
    @Body() change: UpdateWorkspaceDto,
  ): Promise<AdminWorkspaceDto> {
    return this.admin.updateWorkspace(user, id, change);
  }

  @Patch('api-keys/:id')
  @ApiOperation({
    summary: 'Give an API key a tier of its own',
    description: "It wins over its user's and its workspace's.",
  })
  @ApiOkResponse({ type: AdminApiKeyDto })
  @ApiErrors('404 api_key_not_found')
  updateApiKey(
    @CurrentUser() user: Principal,
    @Param('id', idParam('api_key')) id: string,
    @Body() { tier }: UpdateAnyApiKeyDto,
  ): Promise<AdminApiKeyDto> {
    return this.admin.updateApiKey(user, id, tier);
  }
}
