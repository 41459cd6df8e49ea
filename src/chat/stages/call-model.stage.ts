import { type CallsService } from '../../calls/calls.service';
import { type TurnStage } from '../chat.types';

/** Calls the model once and collects its answer. The last stage: there is no next. */
export const callModelStage =
  (calls: CallsService): TurnStage =>
  ({ principal, requestId, messageId, request, signal, answer, record, settle }) => {
    const { model, fallbacks, race, timeoutMs, allowTruncate, stream, limits } = request;
    return calls.generate({
      principal,
      kind: 'chat',
      requestId,
      messageId,
      request,
      stream,
      signal,
      onAdmitted: (tokens) => (answer.tokensLeft = tokens),
      onEvent: record,
      onSettled: settle,
      ...(model === undefined ? {} : { model }),
      ...(fallbacks === undefined ? {} : { fallbacks }),
      ...(race === undefined ? {} : { race }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(allowTruncate === undefined ? {} : { allowTruncate }),
      ...(typeof limits?.maxCost === 'bigint' ? { mostCost: limits.maxCost } : {}),
    });
  };
