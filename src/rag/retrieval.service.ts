import { Inject, Injectable } from '@nestjs/common';
import { type Principal } from '../platform/common/auth/principal';
import { type PicoUsd, sumOf } from '../platform/common/money';
import { EmbedderService } from './embedder.service';
import { fuse, type Ranking } from './fusion';
import { plainQuery, type TextQuery, toTextQuery } from './indexes/query-syntax';
import { TextIndexService } from './indexes/text-index.service';
import { VECTOR_INDEX } from './indexes/vector-index';
import { type VectorIndex } from './indexes/vector-index.types';
import { unit } from './indexes/vectors';
import { assemble, touching } from './passages';
import { RerankService } from './rerank/rerank.service';
import { type ReadableCollection, RetrievalRepository } from './retrieval.repository';
import { collectionNotFound } from './collections.errors';
import { otherDimensions } from './search.errors';
import {
  type FoundChunk,
  type Scope,
  type Scored,
  type SearchedIndex,
  type SearchQuery,
  type SearchResult,
} from './search.types';
import { vectorTraits } from './vector-models';

/** How many chunks each way of searching contributes, at least; and for every passage that is wanted. */
const DEPTH = { least: 100, perPassage: 4 };
const TEXT_WEIGHT = 1;
const BY_WORDS: Readonly<EmbeddedQuery> = { vectors: new Map(), cost: 0n };
/** Of all collections somebody may read, as many are searched as one. */
const MOST_COLLECTIONS = 200;

interface Asking {
  requestId: string;
  signal: AbortSignal;
}

/** A search under way. */
interface Search {
  scope: Scope;
  indexes: SearchedIndex[];
  text: TextQuery;
  depth: number;
  /** The query's, by embedding model. */
  vectors: ReadonlyMap<string, Float32Array>;
}

/** A query as vectors, and what they cost. */
interface EmbeddedQuery {
  vectors: Map<string, Float32Array>;
  cost: PicoUsd | null;
}

/** Finds passages of documents by words, by vectors, or by both. */
@Injectable()
export class RetrievalService {
  constructor(
    private readonly retrieval: RetrievalRepository,
    private readonly text: TextIndexService,
    @Inject(VECTOR_INDEX) private readonly vectors: VectorIndex,
    private readonly embedder: EmbedderService,
    private readonly rerank: RerankService,
  ) {}

  /** The collections the caller may read: the newest 200 where there are more. */
  readableIds(principal: Principal): Promise<string[]> {
    return this.retrieval.findReadableIds(principal, MOST_COLLECTIONS);
  }

  /**
   * Searches collections as one, best passages first. Throws `collection_not_found` for any the caller may not read,
   * `validation_failed` for a reranker that is not there, and what the embedding model's provider throws.
   */
  async search(principal: Principal, query: SearchQuery, asking: Asking): Promise<SearchResult> {
    if (query.rerank) this.rerank.check(query.rerank);
    const collections = await this.readable(principal, query.collectionIds);
    const asked = query.query.replaceAll('\0', '\uFFFD').toWellFormed();
    const text = query.operators ? toTextQuery(asked) : plainQuery(asked);
    const scope: Scope = {
      workspaceId: principal.workspaceId,
      userId: principal.userId,
      indexIds: collections.flatMap(({ index }) => (index ? [index.id] : [])),
      filter: query.filter ?? null,
    };
    // A model does not understand that a word is to be left out.
    const meant = text.excluded.length + text.excludedPhrases.length > 0 ? text.words : asked;
    const byWords = query.mode === 'text' || meant.trim() === '';
    const embedded = byWords ? BY_WORDS : await this.embed(principal, scope, collections, meant, asking);
    const search: Search = {
      scope,
      indexes: collections.flatMap(({ index, id }) =>
        index ? [{ id: index.id, collectionId: id, model: index.model }] : [],
      ),
      text,
      depth: Math.max(DEPTH.least, DEPTH.perPassage * query.k),
      vectors: embedded.vectors,
    };
    const [byText, byVector, notReady] = await Promise.all([
      query.mode === 'vector' ? [] : this.text.search(search.scope, text, search.depth),
      this.nearest(search),
      this.retrieval.findNotReady(principal, query.collectionIds),
    ]);
    const ranked = ranking(query.mode, byText, byVector);
    const found = await this.load(search.scope, ranked.slice(0, search.depth), byText, byVector);
    const { passages, outcome } = await this.rerank.order(principal, asked, found, query.rerank, asking);
    return { passages: assemble(touching(passages), query.k), notReady, rerank: outcome, queryCost: embedded.cost };
  }

  private async readable(principal: Principal, collectionIds: readonly string[]): Promise<ReadableCollection[]> {
    const readable = await this.retrieval.findReadable(principal, collectionIds);
    if (readable.length < new Set(collectionIds).size) throw collectionNotFound();
    return readable;
  }

  /** No transaction is open meanwhile. An index without vectors has none to be compared with. */
  private async embed(
    principal: Principal,
    scope: Scope,
    collections: readonly ReadableCollection[],
    query: string,
    asking: Asking,
  ): Promise<EmbeddedQuery> {
    const indexes = collections.flatMap(({ index }) => (index?.dimensions ? [index] : []));
    const embedded: EmbeddedQuery = { vectors: new Map(), cost: 0n };
    for (const { model, dimensions } of indexes) {
      const known = embedded.vectors.get(model);
      const { vector, cost } = known
        ? { vector: known, cost: 0n }
        : await this.embedOne(principal, scope, model, query, asking);
      if (vector.length !== dimensions) throw otherDimensions(model, vector.length, dimensions ?? 0);
      embedded.vectors.set(model, vector);
      embedded.cost = sumOf(embedded.cost, cost);
    }
    return embedded;
  }

  /** A model that reads words one by one is told what each is worth. */
  private async embedOne(
    principal: Principal,
    scope: Scope,
    model: string,
    query: string,
    asking: Asking,
  ): Promise<{ vector: Float32Array; cost: PicoUsd | null }> {
    const words = this.embedder.wordsOf(model, query);
    const weights = words && { weights: await this.text.weightsOf(scope, words) };
    const { vectors, cost } = await this.embedder.embed(principal, model, [query], {
      kind: 'search',
      ...asking,
      ...weights,
    });
    const [vector] = vectors;
    if (!vector) throw new Error(`${model} gave no vector for a query`);
    return { vector: unit(vector), cost };
  }

  /** One ranking for each embedding model: cosines of one model can be compared, those of two can't. */
  private async nearest({ scope, indexes, text, depth, vectors }: Search): Promise<Map<string, Scored[]>> {
    const rankings = new Map<string, Scored[]>();
    await Promise.all(
      [...vectors].map(async ([model, vector]) => {
        const own = indexes.filter((index) => index.model === model);
        const found = await Promise.all(own.map((index) => this.vectors.nearest(scope, index, vector, depth)));
        // What has nothing in common with the query is not found by being the last that is left.
        const best = found
          .flat()
          .filter(({ score }) => score > 0)
          .sort((a, b) => b.score - a.score);
        rankings.set(model, await this.text.obeying(best, text, depth));
      }),
    );
    return rankings;
  }

  /** In their order; those that are not to be seen any more are left out. */
  private async load(
    scope: Scope,
    ranked: readonly Scored[],
    byText: readonly Scored[],
    byVector: ReadonlyMap<string, Scored[]>,
  ): Promise<FoundChunk[]> {
    const chunks = await this.retrieval.findChunks(
      scope,
      ranked.map(({ chunkId }) => chunkId),
    );
    const known = new Map(chunks.map((chunk) => [chunk.chunkId, chunk]));
    const scores = (found: readonly Scored[]) => new Map(found.map(({ chunkId, score }) => [chunkId, score]));
    const [text, vector] = [scores(byText), scores([...byVector.values()].flat())];
    return ranked.flatMap(({ chunkId, score }) => {
      const chunk = known.get(chunkId);
      const own = { score, textScore: text.get(chunkId) ?? null, vectorScore: vector.get(chunkId) ?? null };
      return chunk ? [{ ...chunk, ...own }] : [];
    });
  }
}

function ranking(mode: SearchQuery['mode'], byText: Scored[], byVector: ReadonlyMap<string, Scored[]>): Scored[] {
  if (mode === 'text') return byText;
  const [only] = byVector.values();
  if (mode === 'vector' && byVector.size <= 1) return only ?? [];
  const rankings: Ranking[] = [...byVector].map(([model, found]) => ({ weight: vectorTraits(model).weight, found }));
  const most = Math.max(0, ...rankings.map(({ weight }) => weight));
  if (mode === 'vector') return fuse(rankings, most);
  return fuse([{ weight: TEXT_WEIGHT, found: byText }, ...rankings], TEXT_WEIGHT + most);
}
