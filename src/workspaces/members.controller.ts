import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PathWorkspace } from '../platform/common/auth/path-workspace.decorator';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { PageQuery } from '../platform/common/http/pagination';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { MemberDto, MembersPageDto, UpdateMemberDto } from './members.dto';
import { MembersService } from './members.service';

@ApiTags('workspaces')
@PathWorkspace('id')
@Controller('workspaces/:id/members')
export class MembersController {
  constructor(private readonly members: MembersService) {}

  @Get()
  @Requires('members:read')
  @ApiOperation({ summary: 'Who is in the workspace' })
  @ApiOkResponse({ type: MembersPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<MembersPageDto> {
    return this.members.list(user, query);
  }

  @Patch(':user_id')
  @Requires('members:manage')
  @ApiOperation({
    summary: 'Change what a member may do (owners and admins)',
    description:
      'The role: only owners make or unmake owners. The rules: they hold for the API keys of the member in this workspace, too; only owners change their own. Absent fields stay as they are, null lifts a rule.',
  })
  @ApiOkResponse({ type: MemberDto })
  @ApiErrors('404 member_not_found', '409 last_owner', '409 personal_workspace')
  update(
    @CurrentUser() user: Principal,
    @Param('user_id', idParam('member')) userId: string,
    @Body() change: UpdateMemberDto,
  ): Promise<MemberDto> {
    return this.members.update(user, userId, change);
  }

  @Delete('me')
  @Requires('members:read')
  @HttpCode(204)
  @ApiOperation({ summary: 'Leave the workspace', description: 'The same as removing oneself by id.' })
  @ApiNoContentResponse()
  @ApiErrors('409 last_owner', '409 personal_workspace')
  leave(@CurrentUser() user: Principal): Promise<void> {
    return this.members.remove(user, user.userId);
  }

  @Delete(':user_id')
  @Requires('members:read')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Remove a member (owners and admins), or leave (everybody)',
    description: 'The API keys the member has in this workspace are gone at once.',
  })
  @ApiNoContentResponse()
  @ApiErrors('404 member_not_found', '409 last_owner', '409 personal_workspace')
  remove(@CurrentUser() user: Principal, @Param('user_id', idParam('member')) userId: string): Promise<void> {
    return this.members.remove(user, userId);
  }
}
