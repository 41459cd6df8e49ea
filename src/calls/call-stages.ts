import { type Config } from '../platform/config/config.service';
import { type ProvidersService } from '../providers/providers.service';
import { type LedgerService } from '../usage/ledger.service';
import { type RateLimitsService } from '../usage/rate-limits.service';
import { type CallStage } from './calls.types';
import { limitStage } from './stages/limit.stage';
import { routeStage } from './stages/route.stage';
import { targetStage } from './stages/target.stage';

/** What happens to one model call, in order. Each stage sees everything below it. */
export const callStages = (
  config: Config,
  providers: ProvidersService,
  limits: RateLimitsService,
  ledger: LedgerService,
): CallStage[] => [
  targetStage(providers),
  limitStage(limits),
  routeStage({ providers, ledger, timeouts: config.yaml.timeouts, retry: config.yaml.retry }),
];
