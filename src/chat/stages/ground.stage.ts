import { sumOf } from '../../platform/common/money';
import { NO_USAGE, sumOfUsage } from '../../providers/providers.types';
import { type ChatEvent, type Grounding, type NextTurn, type Turn, type TurnStage } from '../chat.types';
import { Citer } from '../citations';
import { noEvidenceAnswer } from '../grounding';
import { type GroundingService, type Spent } from '../grounding.service';

/**
 * Grounds a turn in collections: the model is shown what was found there, its markers become citations, and where nothing
 * was found that is said.
 */
export const groundStage =
  (grounding: GroundingService): TurnStage =>
  (turn, next) =>
    turn.request.grounding?.collectionIds.length ? grounded(turn, turn.request.grounding, next, grounding) : next(turn);

async function* grounded(
  turn: Turn,
  asked: Grounding,
  next: NextTurn,
  grounding: GroundingService,
): AsyncGenerator<ChatEvent> {
  const { sources, notReady, spent } = await grounding.find(turn, asked);
  turn.answer.notReady = notReady;
  const { no_evidence, no_evidence_answer } = grounding.settings;
  const citer = new Citer(sources);
  const refused = sources.length === 0 && (asked.noEvidence ?? no_evidence) === 'refuse';
  const events = refused
    ? refusal(noEvidenceAnswer(no_evidence_answer, notReady))
    : next({ ...turn, request: grounding.shown(turn.request, sources), record: unrecorded });
  try {
    for await (const event of events) {
      for (const told of citer.hear(event)) yield recorded(turn, withSpent(told, spent));
    }
  } catch (error) {
    for (const told of citer.rest()) yield recorded(turn, told);
    throw error;
  }
}

/** What is recorded is what leaves here, not what the model said. */
const unrecorded = () => undefined;

function recorded(turn: Turn, event: ChatEvent): ChatEvent {
  turn.record(event);
  return event;
}

/** Without evidence no model is asked, and nothing is paid. */
function* refusal(sentence: string): Generator<ChatEvent> {
  yield { type: 'start', provider: 'parley', model: 'no-evidence', attempts: 0 };
  yield { type: 'text', delta: sentence };
  yield { type: 'finish', reason: 'stop', usage: NO_USAGE, cost: 0n, estimated: false };
}

/** The end of a turn tells of all its calls. */
function withSpent(event: ChatEvent, spent: Spent | null): ChatEvent {
  if (event.type !== 'finish' || !spent) return event;
  return { ...event, usage: sumOfUsage(event.usage, spent.usage), cost: sumOf(event.cost, spent.cost) };
}
