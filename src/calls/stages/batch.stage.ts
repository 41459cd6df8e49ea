import { setMaxListeners } from 'node:events';
import { Cancelled } from '../../platform/common/http/client-gone';
import { newId } from '../../platform/common/ids';
import { sumOf } from '../../platform/common/money';
import { UNKNOWN_EMBEDDING } from '../../providers/embedding.codec';
import { type EmbeddingInput, type EmbeddingRequest } from '../../providers/providers.types';
import {
  type CallEvent,
  type CallFinish,
  type CallStage,
  type CallStart,
  type ModelCall,
  type NextCall,
} from '../calls.types';
import { batchesOf, isEmbedding } from '../embedding';

/** Requests to one provider at a time, of one call. */
const AT_ONCE = 4;

/**
 * Splits an embedding into requests that its provider takes, each a call of its own: reserved, tried again and billed by
 * itself. The first that fails ends the others.
 */
export const batchStage: CallStage = (call, next) => {
  const { request, plan } = call;
  if (!isEmbedding(request)) return next(call);
  const batches = batchesOf(request.inputs, plan?.steps[0]?.[0]?.info?.embedding ?? UNKNOWN_EMBEDDING);
  return batches.length > 1 ? together(call, request, batches, next) : next(call);
};

async function* together(
  call: ModelCall,
  request: EmbeddingRequest,
  batches: readonly EmbeddingInput[][],
  next: NextCall,
): AsyncGenerator<CallEvent> {
  const deadline = performance.now() + call.timeoutMs;
  const stop = new AbortController();
  const signal = AbortSignal.any([call.signal, stop.signal]);
  setMaxListeners(0, signal);
  const queue = placed(batches);
  const starts: CallStart[] = [];
  const ends: CallFinish[] = [];
  const work = async () => {
    for (const { inputs, from } of queue) {
      signal.throwIfAborted();
      const events = next({
        ...call,
        id: newId(),
        request: { ...request, inputs },
        timeoutMs: Math.max(1, deadline - performance.now()),
        signal,
        onVectors: (vectors) => call.onVectors?.(vectors, from),
      });
      for await (const event of events) {
        if (event.type === 'start') starts.push(event);
        if (event.type === 'finish') ends.push(event);
      }
    }
  };
  const workers = Array.from({ length: Math.min(AT_ONCE, batches.length) }, () =>
    work().catch((error: unknown) => {
      stop.abort(new Cancelled());
      throw error;
    }),
  );
  const outcomes = await Promise.allSettled(workers); // so that all are billed before the call is over
  const failed = outcomes.find((outcome) => outcome.status === 'rejected' && !(outcome.reason instanceof Cancelled));
  if (failed?.status === 'rejected') throw failed.reason;
  signal.throwIfAborted();
  const [first] = starts;
  if (first) yield { ...first, attempts: starts.reduce((sum, { attempts }) => sum + attempts, 0) };
  const [last] = ends;
  if (last) yield ends.slice(1).reduce(both, last);
}

/** Each batch with the index of its first input; taken from by all workers. */
function* placed(batches: readonly EmbeddingInput[][]): Generator<{ inputs: EmbeddingInput[]; from: number }> {
  let from = 0;
  for (const inputs of batches) {
    yield { inputs, from };
    from += inputs.length;
  }
}

const both = (a: CallFinish, b: CallFinish): CallFinish => ({
  ...a,
  usage: { ...a.usage, inputTokens: a.usage.inputTokens + b.usage.inputTokens },
  cost: sumOf(a.cost, b.cost),
  estimated: a.estimated || b.estimated,
});
