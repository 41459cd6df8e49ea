import { type CallsService } from '../calls/calls.service';
import { type ToolsService } from '../tools/tools.service';
import { type TurnStage } from './chat.types';
import { type GroundingService } from './grounding.service';
import { callModelStage } from './stages/call-model.stage';
import { groundStage } from './stages/ground.stage';
import { toolsStage } from './stages/tools.stage';

/** What happens to one turn, in order. Each stage sees everything below it. */
export const turnStages = (calls: CallsService, grounding: GroundingService, tools: ToolsService): TurnStage[] => [
  groundStage(grounding),
  toolsStage(tools),
  callModelStage(calls),
];
