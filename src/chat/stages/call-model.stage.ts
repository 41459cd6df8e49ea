import { type CallsService } from '../../calls/calls.service';
import { type CallRecord } from '../../usage/usage.types';
import { type TurnStage } from '../chat.types';

/** Calls the model once and collects its answer. The last stage: there is no next. */
export const callModelStage = (calls: CallsService): TurnStage =>
  async function* ({ principal, requestId, messageId, request, signal, answer }) {
    const { model, stream, timeoutMs } = request;
    const onSettled = (record: CallRecord) => answer.settle(record);
    const call = { principal, kind: 'chat' as const, requestId, messageId, model, request, stream, signal, onSettled };
    for await (const event of calls.generate(timeoutMs === undefined ? call : { ...call, timeoutMs })) {
      answer.add(event);
      yield event;
    }
  };
