import { Injectable } from '@nestjs/common';
import { CallsService } from '../calls/calls.service';
import { authorize } from '../platform/common/auth/authorize';
import { type Principal } from '../platform/common/auth/principal';
import { type PicoUsd } from '../platform/common/money';
import { Config } from '../platform/config/config.service';
import { ProvidersService } from '../providers/providers.service';
import { type TokenUsage } from '../providers/providers.types';
import { CollectionsService } from '../rag/collections.service';
import { PassagePages } from '../rag/passage-pages.service';
import { RetrievalService } from '../rag/retrieval.service';
import { type SearchResult } from '../rag/search.types';
import { type ChatRequest, type Grounding, type Turn } from './chat.types';
import { type Source } from './citations';
import {
  evidenceOf,
  fillerOf,
  fitting,
  hasPast,
  promptTokens,
  questionOf,
  toRewriting,
  withSources,
} from './grounding';

/** Kept free in the model's window for the answer, where the request doesn't say how long it gets. */
const ANSWER_TOKENS = 1_024;
const FEWEST_TOKENS = 200;

/** What was found for a turn; `spent` on putting its question. */
export interface Grounds {
  sources: Source[];
  notReady: SearchResult['notReady'];
  spent: Spent | null;
}

export interface Spent {
  usage: TokenUsage;
  cost: PicoUsd | null;
}

/** Finds in collections what an answer is to be made from. */
@Injectable()
export class GroundingService {
  /** Of `parley.yaml`. */
  readonly settings: Config['yaml']['rag'];
  private readonly model: string | undefined;

  constructor(
    { yaml, env }: Config,
    private readonly calls: CallsService,
    private readonly providers: ProvidersService,
    private readonly collections: CollectionsService,
    private readonly retrieval: RetrievalService,
    private readonly pages: PassagePages,
  ) {
    this.settings = yaml.rag;
    // Who repeats the question makes nothing of the sources.
    this.model = yaml.rag.model ?? (env.DEFAULT_MODEL === 'demo/echo' ? 'demo/extract' : undefined);
  }

  /** Whom a grounded turn asks; undefined for the default model, or when there is a race. */
  modelOf({ model, race }: Turn['request']): string | undefined {
    return model ?? (race ? undefined : this.model);
  }

  /**
   * Throws `collection_not_found` for any the caller may not read, `insufficient_scope`, and what is wrong with the model,
   * before anything is paid.
   */
  async find(turn: Turn, grounding: Grounding): Promise<Grounds> {
    const { principal, requestId, request, signal } = turn;
    authorize(principal, 'documents:read');
    const room = this.roomFor(principal, request);
    const { query, spent } = await this.queryOf(turn, grounding);
    const { passages, notReady, rerank } = await this.retrieval.search(
      principal,
      {
        collectionIds: [...grounding.collectionIds],
        query,
        k: grounding.k ?? this.settings.passages,
        mode: grounding.mode ?? this.settings.mode,
        operators: false,
        ...(grounding.filter ? { filter: grounding.filter } : {}),
        ...(grounding.rerank ? { rerank: grounding.rerank } : {}),
      },
      { requestId, signal },
    );
    const least = grounding.minScore ?? this.settings.min_score;
    const shown = fitting(
      passages.filter((passage) => evidenceOf(passage, rerank?.applied ?? false) >= least),
      room,
    );
    const pages = await this.pages.of(principal.workspaceId, shown);
    const sources = shown.map((passage, i) => ({ number: i + 1, passage, pages: pages[i] ?? [] }));
    return { sources, notReady, spent };
  }

  /**
   * The request as a model would get it if sources filled all the room they may. Nothing is searched; throws as `find`
   * does.
   */
  async fullest(principal: Principal, request: ChatRequest, { collectionIds }: Grounding): Promise<ChatRequest> {
    authorize(principal, 'documents:read');
    await this.checkReadable(principal, collectionIds);
    return this.shown(request, [fillerOf(this.roomFor(principal, request))]);
  }

  /** The request as a model gets it. */
  shown(request: ChatRequest, sources: readonly Source[]): ChatRequest {
    const model = this.modelOf(request);
    return { ...withSources(request, sources), ...(model === undefined ? {} : { model }) };
  }

  private async checkReadable(principal: Principal, collectionIds: readonly string[]): Promise<void> {
    await Promise.all(collectionIds.map((id) => this.collections.getReadable(principal, id)));
  }

  /** Tokens of sources that any of the models asked has room for. */
  private roomFor(principal: Principal, request: ChatRequest): number {
    const { steps } = this.providers.resolve(principal.rules, this.modelOf(request), request);
    const windows = steps.flat().map(({ info }) => info?.contextWindow ?? Infinity);
    const left = Math.min(...windows) - (request.maxTokens ?? ANSWER_TOKENS) - promptTokens(request);
    return Math.max(FEWEST_TOKENS, Math.min(this.settings.context_tokens, left));
  }

  private async queryOf(turn: Turn, grounding: Grounding): Promise<{ query: string; spent: Spent | null }> {
    const question = questionOf(turn.request.messages);
    const rewrite = grounding.rewrite ?? this.settings.rewrite;
    if (!rewrite || !hasPast(turn.request.messages)) return { query: question, spent: null };
    await this.checkReadable(turn.principal, grounding.collectionIds);
    return this.rewrite(turn, question);
  }

  private async rewrite(turn: Turn, question: string): Promise<{ query: string; spent: Spent | null }> {
    const { principal, requestId, messageId, request, signal, settle } = turn;
    const { fallbacks, endUser } = request;
    const model = this.modelOf(request);
    let query = '';
    let spent: Spent | null = null;
    const events = this.calls.generate({
      principal,
      kind: 'chat',
      requestId,
      messageId,
      request: { ...toRewriting(request.messages, question), ...(endUser === undefined ? {} : { endUser }) },
      stream: false,
      signal,
      onSettled: settle,
      ...(model === undefined ? {} : { model }),
      ...(fallbacks === undefined ? {} : { fallbacks }),
    });
    for await (const event of events) {
      if (event.type === 'text') query += event.delta;
      if (event.type === 'finish') spent = { usage: event.usage, cost: event.cost };
    }
    return { query: questionOf([{ role: 'user', parts: [{ type: 'text', text: query }] }]) || question, spent };
  }
}
