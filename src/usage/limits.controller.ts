import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, type Principal } from '../platform/common/auth/principal';
import { Requires } from '../platform/common/auth/requires.decorator';
import { LimitsDto } from './limits.dto';
import { LimitsService } from './limits.service';

@ApiTags('usage')
@Requires('limits:read')
@Controller('usage/limits')
export class LimitsController {
  constructor(private readonly limits: LimitsService) {}

  @Get()
  @ApiOperation({ summary: 'What the caller may still use', description: 'Asking uses nothing up.' })
  @ApiOkResponse({ type: LimitsDto })
  report(@CurrentUser() user: Principal): Promise<LimitsDto> {
    return this.limits.report(user);
  }
}
