import { validationFailed } from '../../platform/common/errors/validation';
import { newId } from '../../platform/common/ids';
import { type Toolset, type ToolsService } from '../../tools/tools.service';
import { type ChatEvent, type ChatRequest, type NextTurn, type Turn, type TurnStage } from '../chat.types';
import { LoopState } from '../loop-state';
import { toolLoop } from '../tool-loop';
import { type Journal } from '../tool-loop.types';

/** Lets the model call tools that are executed here, again and again, within limits. */
export const toolsStage =
  (tools: ToolsService): TurnStage =>
  (turn, next) =>
    turn.request.serverTools || turn.request.limits ? looped(turn, next, tools) : next(turn);

async function* looped(turn: Turn, next: NextTurn, tools: ToolsService): AsyncGenerator<ChatEvent> {
  const { principal, requestId, request, answer } = turn;
  answer.stopReason = null;
  const toolset = await tools.select(principal, request.serverTools ?? [], 'server_tools');
  refuseUnclear(request, toolset);
  const journal = turn.journal ?? unkept;
  const state = new LoopState({ ...tools.limits, ...request.limits }, request.messages, journal.past.elapsedMs);
  state.resume(journal.past.steps);
  const collectionIds = request.toolCollections ?? request.grounding?.collectionIds ?? null;
  const context = { principal, requestId, collectionIds };
  for await (const event of toolLoop(turn, next, { toolset, tools, journal, state, context })) {
    turn.record(event);
    yield event;
  }
}

function refuseUnclear({ tools = [], n }: ChatRequest, toolset: Toolset): void {
  if (n !== undefined && n > 1) {
    throw validationFailed([{ field: 'n', message: 'n: with server_tools there is one answer' }]);
  }
  const clash = tools.findIndex(({ name }) => toolset.find(name));
  if (clash === -1) return;
  const message = `tools[${clash}]: '${tools[clash]?.name}' is among the server_tools, too`;
  throw validationFailed([{ field: `tools[${clash}]`, message }]);
}

/** Of a turn that ends with its process. */
const unkept: Journal = {
  past: { steps: [], elapsedMs: 0 },
  said: () => Promise.resolve(),
  waiting: () => [],
  claim: ({ arguments: text }) => Promise.resolve({ key: newId(), arguments: text }),
  done: () => Promise.resolve(),
};
