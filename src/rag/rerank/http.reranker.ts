import { z } from 'zod';
import { type FlatCallsService } from '../../calls/flat-calls.service';
import { DomainError } from '../../platform/common/errors/domain.error';
import { parseUsd } from '../../platform/common/money';
import { type RerankerSettings } from '../../platform/config/parley-yaml';
import { rerankerFailed } from '../search.errors';
import { type Reranker, type RerankTask } from './rerank.types';

/** What Cohere, Jina, Voyage-like and self-hosted servers (vLLM, TEI's proxies, LiteLLM) have in common. */
const answerOf = z.object({
  results: z.array(z.object({ index: z.int().nonnegative(), relevance_score: z.number() })),
});

/** Any server that speaks the rerank API of Cohere and Jina, at the address the operator configured. */
export class HttpReranker implements Reranker {
  constructor(
    private readonly settings: RerankerSettings,
    private readonly calls: FlatCallsService,
  ) {}

  relevances({ principal, query, texts, requestId, signal }: RerankTask): Promise<number[]> {
    const { id, model, price_per_search: price } = this.settings;
    const cost = price === undefined ? null : parseUsd(price);
    return this.calls.run({ principal, kind: 'search', provider: id, model, cost, requestId }, () =>
      this.ask(query, texts, requestId, signal),
    );
  }

  private async ask(query: string, texts: readonly string[], requestId: string, signal: AbortSignal) {
    const { id, url, api_key, model, timeout } = this.settings;
    const late = AbortSignal.timeout(timeout);
    try {
      const answer = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-request-id': requestId,
          ...(api_key ? { authorization: `Bearer ${api_key}` } : {}),
        },
        body: JSON.stringify({ model, query, documents: texts, top_n: texts.length }),
        redirect: 'error',
        signal: AbortSignal.any([signal, late]),
      });
      if (!answer.ok) throw rerankerFailed(id, `answered ${answer.status}`);
      const told = answerOf.safeParse(await answer.json());
      if (!told.success) throw rerankerFailed(id, 'answered something else than results');
      const relevances = texts.map(() => 0);
      for (const { index, relevance_score: score } of told.data.results) {
        if (index < relevances.length) relevances[index] = Math.min(Math.max(score, 0), 1);
      }
      return relevances;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DomainError) throw error;
      throw rerankerFailed(
        id,
        late.aborted ? `did not answer within ${timeout / 1_000} s` : 'can not be reached',
        error,
      );
    }
  }
}
