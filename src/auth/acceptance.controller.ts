import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { ApiErrors } from '../platform/common/openapi/api-errors.decorator';
import { WorkspaceDto } from '../workspaces/workspaces.types';
import { AcceptInvitationDto } from './invitations.dto';
import { InvitationsService } from './invitations.service';

@ApiTags('workspaces')
@Controller('invitations')
export class AcceptanceController {
  constructor(private readonly invitations: InvitationsService) {}

  @Post('accept')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Become a member of the workspace one is invited to',
    description:
      'For the account whose address was invited, in whatever case it is written. Any other account is refused, and the invitation stays. Who has no account yet registers with `invitation_token`.',
  })
  @ApiOkResponse({ type: WorkspaceDto })
  @ApiErrors('400 invalid_invitation', '403 invitation_for_another', '409 already_member')
  accept(@CurrentUser() user: Principal, @Body() { token }: AcceptInvitationDto): Promise<WorkspaceDto> {
    return this.invitations.accept(user, token);
  }
}
