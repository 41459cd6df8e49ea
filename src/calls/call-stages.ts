import { type Config } from '../platform/config/config.service';
import { type ProvidersService } from '../providers/providers.service';
import { type LedgerService } from '../usage/ledger.service';
import { type CallStage } from './calls.types';
import { meterStage } from './stages/meter.stage';
import { routeStage } from './stages/route.stage';
import { targetStage } from './stages/target.stage';

/** What happens to one model call, in order. Each stage sees everything below it. */
export const callStages = (config: Config, providers: ProvidersService, ledger: LedgerService): CallStage[] => [
  targetStage(providers),
  meterStage(ledger),
  routeStage(config.yaml.timeouts.attempt),
];
