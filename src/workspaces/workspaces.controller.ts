import { Body, Controller, Get, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PathWorkspace } from '../platform/common/auth/path-workspace.decorator';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { PageQuery } from '../platform/common/http/pagination';
import { WorkspaceSettingsDto, WorkspaceNameDto, WorkspacesPageDto } from './workspaces.dto';
import { WorkspacesService } from './workspaces.service';
import { WorkspaceDto } from './workspaces.types';

@ApiTags('workspaces')
@Controller('workspaces')
export class WorkspacesController {
  constructor(private readonly workspaces: WorkspacesService) {}

  @Get()
  @Requires('profile:read')
  @ApiOperation({ summary: 'The workspaces the caller is in; with an API key only its own' })
  @ApiOkResponse({ type: WorkspacesPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<WorkspacesPageDto> {
    return this.workspaces.list(user, query);
  }

  @Post()
  @ApiOperation({ summary: 'Make a workspace, owned by the caller' })
  @ApiCreatedResponse({ type: WorkspaceDto })
  create(@CurrentUser() user: Principal, @Body() { name }: WorkspaceNameDto): Promise<WorkspaceDto> {
    return this.workspaces.create(user, name);
  }

  @Get(':id')
  @PathWorkspace('id')
  @Requires('profile:read')
  @ApiOperation({ summary: 'One workspace' })
  @ApiOkResponse({ type: WorkspaceDto })
  get(@CurrentUser() user: Principal): Promise<WorkspaceDto> {
    return this.workspaces.get(user);
  }

  @Patch(':id')
  @PathWorkspace('id')
  @Requires('workspace:manage')
  @ApiOperation({ summary: 'Rename a workspace, or change its settings (owners and admins)' })
  @ApiOkResponse({ type: WorkspaceDto })
  update(@CurrentUser() user: Principal, @Body() changes: WorkspaceSettingsDto): Promise<WorkspaceDto> {
    return this.workspaces.update(user, changes);
  }
}
