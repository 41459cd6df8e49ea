import { type CallsService } from '../calls/calls.service';
import { type TurnStage } from './chat.types';
import { type GroundingService } from './grounding.service';
import { callModelStage } from './stages/call-model.stage';
import { groundStage } from './stages/ground.stage';

/** What happens to one turn, in order. Each stage sees everything below it. */
export const turnStages = (calls: CallsService, grounding: GroundingService): TurnStage[] => [
  groundStage(grounding),
  callModelStage(calls),
];
