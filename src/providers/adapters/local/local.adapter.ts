import { setImmediate as turn } from 'node:timers/promises';
import { hashEmbedding, wordsOf } from '../../hash-embedding.codec';
import { notAChatModel, unsupportedParameter } from '../../providers.errors';
import {
  type EmbeddingModelRequest,
  type Embeddings,
  type ModelEvent,
  type ModelRequest,
  type ProviderAdapter,
} from '../../providers.types';

/** Characters embedded before others get their turn: a few milliseconds. */
const IN_ONE_GO = 32_768;

/** Embeddings made by this process, without a key or a network: `local/hash-384`. A word counts as one token. */
export class LocalAdapter implements ProviderAdapter {
  readonly id = 'local';

  stream({ model }: ModelRequest): AsyncIterable<ModelEvent> {
    throw notAChatModel(`local/${model}`);
  }

  async embed(request: EmbeddingModelRequest, signal: AbortSignal): Promise<Embeddings> {
    const [field] = Object.keys(request.passthrough ?? {});
    if (field) throw unsupportedParameter('local', field);
    signal.throwIfAborted();
    request.onSent?.();
    const vectors: Float32Array[] = [];
    let inputTokens = 0;
    let characters = 0;
    for (const input of request.inputs) {
      if (typeof input !== 'string') throw unsupportedParameter('local', 'input', 'it takes text, not tokens');
      vectors.push(hashEmbedding(input, request.weights));
      inputTokens += wordsOf(input).length;
      characters += input.length;
      if (characters < IN_ONE_GO) continue;
      characters = 0;
      await turn();
      signal.throwIfAborted();
    }
    const usage = { inputTokens, outputTokens: 0, cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
    return { vectors, usage };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
