import { type CallsService } from '../calls/calls.service';
import { type TurnStage } from './chat.types';
import { callModelStage } from './stages/call-model.stage';

/** What happens to one turn, in order. Each stage sees everything below it. */
export const turnStages = (calls: CallsService): TurnStage[] => [callModelStage(calls)];
