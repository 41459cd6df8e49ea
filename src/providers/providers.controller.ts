import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Requires } from '../platform/common/auth/requires.decorator';
import { ProvidersStateDto } from './providers.dto';
import { ProvidersStateService } from './providers-state.service';

@ApiTags('providers')
@Controller('providers')
export class ProvidersController {
  constructor(private readonly state: ProvidersStateService) {}

  @Get()
  @Requires('providers:read')
  @ApiOperation({
    summary: 'How the providers do',
    description:
      'Every target of a route and every model called in the last five minutes: the state of its breaker, and how it did in all processes and workspaces. For those who run the installation.',
  })
  @ApiOkResponse({ type: ProvidersStateDto })
  list(): Promise<ProvidersStateDto> {
    return this.state.list();
  }
}
