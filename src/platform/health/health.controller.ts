import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { type Response } from 'express';
import { Public } from '../common/auth/public.decorator';
import { ReadinessChecks } from '../common/readiness';
import { HealthDto, ReadinessDto } from './health.dto';

@ApiTags('health')
@Public()
@Controller({ path: '' })
export class HealthController {
  constructor(private readonly checks: ReadinessChecks) {}

  @Get('health')
  @ApiOperation({ summary: 'Whether the process is up' })
  @ApiOkResponse({ type: HealthDto })
  health(): HealthDto {
    return { status: 'ok' };
  }

  /** Load balancers ask this one: it turns red while a part is down and from the first moment of a shutdown. */
  @Get('ready')
  @ApiOperation({ summary: 'Whether requests can be served now' })
  @ApiOkResponse({ type: ReadinessDto })
  @ApiServiceUnavailableResponse({ type: ReadinessDto, description: 'A part is down, or the process is draining' })
  async ready(@Res({ passthrough: true }) res: Response): Promise<ReadinessDto> {
    const checks = await this.checks.run();
    const ready = !this.checks.draining && Object.values(checks).every((state) => state === 'up');
    if (!ready) res.status(503).setHeader('retry-after', '5');
    return { status: ready ? 'ready' : this.checks.draining ? 'draining' : 'unavailable', checks };
  }
}
