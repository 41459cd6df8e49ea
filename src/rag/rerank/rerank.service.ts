import { Injectable } from '@nestjs/common';
import { CallsService } from '../../calls/calls.service';
import { FlatCallsService } from '../../calls/flat-calls.service';
import { type Principal } from '../../platform/common/auth/principal';
import { DomainError, type ErrorKind } from '../../platform/common/errors/domain.error';
import { validationFailed } from '../../platform/common/errors/validation';
import { Config } from '../../platform/config/config.service';
import { type FoundChunk, type Rerank, type RerankOutcome } from '../search.types';
import { HttpReranker } from './http.reranker';
import { LlmReranker } from './llm.reranker';
import { type Reranker } from './rerank.types';

/** Passages that are judged; what comes after them is left out. */
const MOST = 50;
/** What makes a reranker fail without the caller being at fault. */
const UPSTREAM: readonly ErrorKind[] = ['upstream', 'upstream_busy', 'upstream_slow'];

interface Asking {
  requestId: string;
  signal: AbortSignal;
}

/** Puts what was found into a better order, where that is asked for. */
@Injectable()
export class RerankService {
  private readonly rerankers: ReadonlyMap<string, Reranker>;

  constructor({ yaml }: Config, calls: CallsService, flatCalls: FlatCallsService) {
    this.rerankers = new Map<string, Reranker>([
      ['llm', new LlmReranker(calls)],
      ...yaml.rerankers.map((settings) => [settings.id, new HttpReranker(settings, flatCalls)] as const),
    ]);
  }

  /** Throws `validation_failed` for a reranker that is not there. */
  check({ by }: Rerank): void {
    if (by === 'none' || this.rerankers.has(by)) return;
    const known = ['none', ...this.rerankers.keys()].join(', ');
    throw validationFailed([{ field: 'rerank.by', message: `rerank.by: expected one of ${known}` }]);
  }

  /**
   * The passages by relevance, with it as their score. When the reranker fails they stay as they were, and the outcome says
   * why; a caller without budget, or who may not use the model, is told so by an error as for any other call.
   */
  async order(
    principal: Principal,
    query: string,
    passages: readonly FoundChunk[],
    rerank: Rerank | undefined,
    asking: Asking,
  ): Promise<{ passages: FoundChunk[]; outcome: RerankOutcome | null }> {
    const unchanged = [...passages];
    if (!rerank || rerank.by === 'none') return { passages: unchanged, outcome: null };
    const { by, model } = rerank;
    const first = passages.slice(0, MOST);
    if (first.length === 0) return { passages: unchanged, outcome: { by, applied: true, reason: null } };
    try {
      const task = { principal, query, texts: first.map(({ text }) => text), model, ...asking };
      const relevances = (await this.rerankers.get(by)?.relevances(task)) ?? [];
      const judged = first
        .map((passage, i) => ({ ...passage, score: relevances[i] ?? 0 }))
        .sort((a, b) => b.score - a.score);
      return { passages: judged, outcome: { by, applied: true, reason: null } };
    } catch (error) {
      if (!(error instanceof DomainError) || !UPSTREAM.includes(error.kind)) throw error;
      return { passages: unchanged, outcome: { by, applied: false, reason: error.message } };
    }
  }
}
