import { notAnEmbeddingModel } from '../providers/providers.errors';
import {
  type CallRequest,
  type EmbeddingInput,
  type EmbeddingRequest,
  type ModelEvent,
  type ProviderAdapter,
  type SentRequest,
} from '../providers/providers.types';
import { type ModelCall } from './calls.types';

export const isEmbedding = (request: CallRequest): request is EmbeddingRequest => 'inputs' in request;

/** Asks for an answer of either kind. An embedding is one without content: its vectors are told to the call's `onVectors`. */
export function answerOf(
  { request, stream, onVectors }: ModelCall,
  adapter: ProviderAdapter,
  sent: SentRequest,
  signal: AbortSignal,
): AsyncIterable<ModelEvent> {
  if (!isEmbedding(request)) return adapter.stream({ ...request, ...sent, stream }, signal);
  return embed(adapter, { ...request, ...sent }, signal, onVectors);
}

async function* embed(
  adapter: ProviderAdapter,
  request: EmbeddingRequest & SentRequest,
  signal: AbortSignal,
  tell: ModelCall['onVectors'],
): AsyncGenerator<ModelEvent> {
  if (!adapter.embed) throw notAnEmbeddingModel(`${adapter.id}/${request.model}`);
  const { vectors, usage } = await adapter.embed(request, signal);
  tell?.(vectors, 0);
  yield { type: 'start', model: request.model };
  yield { type: 'finish', reason: 'stop', usage };
}

/** Bytes of one answer: numbers are up to 24 characters long, and an answer is read up to 32 MiB. */
const MOST_ANSWER = 24 * 1024 * 1024;
const NUMBER = 24;
const UNKNOWN_DIMENSIONS = 4096;

/** What fits into one request. */
interface BatchLimits {
  dimensions: number | null;
  maxInputs: number;
  maxTokens: number;
}

/** Inputs as they may be sent together. A token is a byte or more, so that none has too many. */
export function batchesOf(
  inputs: readonly EmbeddingInput[],
  { dimensions, maxInputs, maxTokens }: BatchLimits,
): EmbeddingInput[][] {
  const most = Math.max(1, Math.min(maxInputs, Math.floor(MOST_ANSWER / NUMBER / (dimensions ?? UNKNOWN_DIMENSIONS))));
  const batches: EmbeddingInput[][] = [];
  let batch: EmbeddingInput[] = [];
  let tokens = 0;
  for (const input of inputs) {
    const size = typeof input === 'string' ? Buffer.byteLength(input) : input.length;
    if (batch.length > 0 && (batch.length >= most || tokens + size > maxTokens)) {
      batches.push(batch);
      [batch, tokens] = [[], 0];
    }
    batch.push(input);
    tokens += size;
  }
  return [...batches, batch];
}
