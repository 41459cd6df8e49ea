import { type RateLimitsService } from '../usage/rate-limits.service';
import { type CallStage } from './calls.types';
import { type RunTools } from './run';
import { batchStage } from './stages/batch.stage';
import { capStage } from './stages/cap.stage';
import { limitStage } from './stages/limit.stage';
import { routeStage } from './stages/route.stage';
import { targetStage } from './stages/target.stage';

/** What happens to one model call, in order. Each stage sees everything below it. */
export const callStages = (limits: RateLimitsService, tools: RunTools): CallStage[] => [
  capStage,
  targetStage(tools.providers),
  limitStage(limits),
  batchStage,
  routeStage(tools),
];
