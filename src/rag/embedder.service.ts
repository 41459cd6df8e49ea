import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import { CallsService } from '../calls/calls.service';
import { type Payer, type TellVectors } from '../calls/calls.types';
import { DomainError } from '../platform/common/errors/domain.error';
import { logFailure } from '../platform/common/errors/exception.filter';
import { type PicoUsd, sumOf } from '../platform/common/money';
import { wordsOf } from '../providers/hash-embedding.codec';
import { type CallRecord, type UsageKind } from '../usage/usage.types';
import { type CacheKey, EmbeddingCacheRepository } from './embedding-cache.repository';

/** Texts looked up and embedded together: a few requests to a provider, and some megabytes. */
const GROUP = 1_024;

export interface EmbedOptions {
  kind: Exclude<UsageKind, 'chat'>;
  requestId: string;
  signal: AbortSignal;
  /** What each word of a query counts for, for models of which `wordsOf` gives words. */
  weights?: ReadonlyMap<string, number>;
  /** Told what each attempt is billed, however it ended. */
  onSettled?: (record: CallRecord) => void;
}

/** `tokens` and `cost` are those of the calls that were made: vectors of texts embedded before cost nothing. */
export interface EmbeddedTexts {
  /** One for each text, in their order. */
  vectors: Float32Array[];
  tokens: number;
  /** Null when the model has no known price. */
  cost: PicoUsd | null;
}

/** Texts of collections and queries as vectors. What a workspace has paid for once it is not asked to pay again. */
@Injectable()
export class EmbedderService {
  private readonly logger = new Logger(EmbedderService.name);

  constructor(
    private readonly calls: CallsService,
    private readonly cache: EmbeddingCacheRepository,
  ) {}

  /** Numbers of a vector of this model; null where it can't be had or nobody has told. */
  dimensionsOf(model: string): number | null {
    try {
      return this.calls.embedder({}, model).info?.embedding?.dimensions ?? null;
    } catch (error) {
      if (error instanceof DomainError) return null;
      throw error;
    }
  }

  /**
   * The full name (`provider/model`) of a model that embeds. Throws `model_not_found`, `model_not_allowed`, and
   * `unsupported_parameter` for one that makes no vectors.
   */
  nameOf(principal: Pick<Payer, 'rules'>, model: string): string {
    return this.calls.embedder(principal, model).id;
  }

  /** The words of a query that may be given weights; null for models that read a text as a whole. */
  wordsOf(model: string, text: string): string[] | null {
    return isLocal(this.calls.embedder({}, model).id) ? [...new Set(wordsOf(text))] : null;
  }

  /**
   * Throws DomainErrors. Vectors that were there when it failed or was aborted are kept, and need not be paid again.
   * @param texts none of them empty
   */
  async embed(payer: Payer, model: string, texts: readonly string[], options: EmbedOptions): Promise<EmbeddedTexts> {
    const { id, info } = this.calls.embedder(payer, model);
    const key = { workspaceId: payer.workspaceId, model: id, dimensions: info?.embedding?.dimensions ?? null };
    const done: EmbeddedTexts = { vectors: [], tokens: 0, cost: 0n };
    for (let at = 0; at < texts.length; at += GROUP) {
      options.signal.throwIfAborted();
      const group = texts.slice(at, at + GROUP);
      const some = isLocal(id)
        ? await this.call(payer, model, group, options)
        : await this.remembered(payer, model, key, group, options);
      done.vectors.push(...some.vectors);
      done.tokens += some.tokens;
      done.cost = sumOf(done.cost, some.cost);
    }
    return done;
  }

  /** Each different text once, and of those only what is not there. */
  private async remembered(
    payer: Payer,
    model: string,
    key: CacheKey,
    texts: readonly string[],
    options: EmbedOptions,
  ): Promise<EmbeddedTexts> {
    const hashes = texts.map(hashOf);
    const byHash = new Map(texts.map((text, i) => [hashes[i] ?? '', text]));
    const vectors = await this.cache.find(key, [...byHash.keys()]);
    const missing = [...byHash].filter(([hash]) => !vectors.has(hash));
    let [tokens, cost]: [number, PicoUsd | null] = [0, 0n];
    if (missing.length > 0) {
      const saving: Promise<void>[] = [];
      const save = (some: Float32Array[], from: number) => {
        const names = missing.slice(from, from + some.length).map(([hash]) => hash);
        saving.push(this.cache.save(key, names, some).catch((error: unknown) => logFailure(this.logger, error)));
      };
      const called = this.call(
        payer,
        model,
        missing.map(([, text]) => text),
        options,
        save,
      );
      const paid = await called.finally(() => Promise.all(saving));
      missing.forEach(([hash], i) => vectors.set(hash, paid.vectors[i] ?? new Float32Array()));
      ({ tokens, cost } = paid);
    }
    return { vectors: hashes.map((hash) => vectors.get(hash) ?? new Float32Array()), tokens, cost };
  }

  private call(
    principal: Payer,
    model: string,
    inputs: readonly string[],
    { weights, ...options }: EmbedOptions,
    onVectors?: TellVectors,
  ): Promise<EmbeddedTexts> {
    const request = { inputs, ...(weights && { weights }) };
    return this.calls.embed({ principal, model, request, ...options, ...(onVectors && { onVectors }) });
  }
}

/** Those of this process cost nothing, and are made sooner than they are found. */
const isLocal = (model: string) => model.startsWith('local/');

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
