import { type Config } from '../platform/config/config.service';
import { type ProvidersService } from '../providers/providers.service';
import { type LedgerService } from '../usage/ledger.service';
import { type CallStage } from './calls.types';
import { capStage } from './stages/cap.stage';
import { routeStage } from './stages/route.stage';
import { targetStage } from './stages/target.stage';

/** What happens to one model call, in order. Each stage sees everything below it. */
export const callStages = (config: Config, providers: ProvidersService, ledger: LedgerService): CallStage[] => [
  capStage,
  targetStage(providers),
  routeStage({ providers, ledger, timeouts: config.yaml.timeouts, retry: config.yaml.retry }),
];
