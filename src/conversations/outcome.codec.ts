import { type Answer } from '../chat/chat.types';
import { modelOf } from '../chat/native.codec';
import { toProblem } from '../platform/common/errors/problem';
import { Cancelled, ClientGone, Interrupted } from '../platform/common/http/client-gone';
import { formatUsd } from '../platform/common/money';
import { NO_USAGE } from '../providers/providers.types';
import { type StoredError } from './message.entity';
import { type TurnOutcome } from './turns.repository';

/** What is stored of an answer that has ended; `failure` is null when it is complete. */
export function toOutcome(answer: Answer, failure: unknown, requestId: string): Omit<TurnOutcome, 'eventLengths'> {
  const { content, provider, began, latencyMs, ttftMs } = answer;
  const unwanted = failure instanceof ClientGone && !(failure instanceof Interrupted);
  const status = failure === null ? 'complete' : unwanted ? 'cancelled' : began ? 'partial' : 'failed';
  // What was cancelled before it was sent has cost nothing.
  const [usage, cost] = unwanted && !answer.usage ? [NO_USAGE, 0n] : [answer.usage, answer.cost];
  return {
    status,
    parts: content.parts(),
    citations: [...answer.citations],
    notReady: answer.notReady && [...answer.notReady],
    model: modelOf(answer),
    provider,
    stopReason: answer.stopReason === undefined ? null : unwanted ? 'cancelled' : failure ? 'error' : answer.stopReason,
    finishReason: unwanted ? 'cancelled' : content.finishReason(),
    usage,
    costUsd: cost === null ? null : formatUsd(cost),
    unpriced: usage !== null && cost === null,
    latencyMs,
    ttftMs,
    error: failure === null ? null : toStoredError(failure, requestId),
  };
}

function toStoredError(failure: unknown, requestId: string): StoredError {
  if (failure instanceof Cancelled) return { code: 'cancelled', message: 'The answer was cancelled.' };
  if (failure instanceof ClientGone && !(failure instanceof Interrupted))
    return { code: 'client_closed', message: 'The client went away before the answer was complete.' };
  return toProblem(failure, requestId).error;
}
