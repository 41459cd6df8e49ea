import { Body, Controller, Delete, Get, Header, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { PathWorkspace } from '../platform/common/auth/path-workspace.decorator';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { idParam } from '../platform/common/errors/validation';
import { PageQuery } from '../platform/common/http/pagination';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { AttemptsGuard } from './attempts.guard';
import { InvitationsPageDto, InviteDto, NewInvitationDto } from './invitations.dto';
import { InvitationsService } from './invitations.service';

@ApiTags('workspaces')
@Requires('members:manage')
@PathWorkspace('id')
@Controller('workspaces/:id/invitations')
export class InvitationsController {
  constructor(private readonly invitations: InvitationsService) {}

  @UseGuards(AttemptsGuard)
  @SkipThrottle({ requests: true })
  @Post()
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Invite somebody by e-mail address (owners and admins)',
    description:
      'Answers with a token that works once, within seven days, for an account of that address; with SMTP_URL it is also sent there. A new invitation to an address replaces the earlier one. It is void when its inviter leaves the workspace or may no longer give the role.',
  })
  @ApiCreatedResponse({ type: NewInvitationDto })
  @ApiErrors('409 already_member')
  create(@CurrentUser() user: Principal, @Body() invitation: InviteDto): Promise<NewInvitationDto> {
    return this.invitations.create(user, invitation);
  }

  @Get()
  @ApiOperation({ summary: 'Invitations that can still be used' })
  @ApiOkResponse({ type: InvitationsPageDto })
  list(@CurrentUser() user: Principal, @Query() query: PageQuery): Promise<InvitationsPageDto> {
    return this.invitations.list(user, query);
  }

  @Delete(':invitation_id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke an invitation' })
  @ApiNoContentResponse()
  @ApiErrors('404 invitation_not_found')
  revoke(
    @CurrentUser() user: Principal,
    @Param('invitation_id', idParam('invitation')) invitationId: string,
  ): Promise<void> {
    return this.invitations.revoke(user, invitationId);
  }
}
