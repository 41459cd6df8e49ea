import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type * as qdrant from '@qdrant/js-client-rest';
import { DomainError } from '../../platform/common/errors/domain.error';
import { every } from '../../platform/common/every';
import { Config } from '../../platform/config/config.service';
import { type Transaction } from '../../platform/database/transaction';
import { type Scope, type Scored, type SearchedIndex } from '../search.types';
import { RemoteVectorsRepository } from './remote-vectors.repository';
import { type ChunkVector, type VectorIndex, type VectorsOf } from './vector-index.types';

const ANSWER_MS = 10_000;
const SWEEP_MS = 10_000;
/** Removals taken up at a time. */
const SWEEP_GROUP = 20;
/** So many documents are named in a query; when more are visible, what is not is left out of its answer. */
const MOST_NAMED = 1_000;
/** Of a query that is widened until its answer has enough that is visible. */
const MOST_ASKED = 10_000;

/**
 * Qdrant: a Qdrant collection `parley_<dimensions>` for each length of vectors, with index and document of each point. It
 * is asked for candidates only; PostgreSQL says which of them may be seen.
 */
@Injectable()
export class QdrantVectors implements VectorIndex, OnApplicationShutdown {
  readonly name = 'qdrant';
  private readonly logger = new Logger(QdrantVectors.name);
  private readonly client: qdrant.QdrantClient | null;
  private readonly known = new Map<number, Promise<void>>();
  private endSweeps: () => void = () => undefined;

  constructor(
    { env }: Config,
    private readonly remote: RemoteVectorsRepository,
  ) {
    this.client = env.QDRANT_URL ? clientOf(env.QDRANT_URL, env.QDRANT_API_KEY) : null;
  }

  /** Whether it is configured. */
  get available(): boolean {
    return this.client !== null;
  }

  async prepare(): Promise<void> {
    await this.ask((client) => client.getCollections());
    this.endSweeps();
    this.endSweeps = every(SWEEP_MS, this.logger, () => this.sweep());
  }

  onApplicationShutdown(): void {
    this.endSweeps();
  }

  async add(index: VectorsOf, chunks: readonly ChunkVector[]): Promise<void> {
    const points = chunks.map(({ chunkId, documentId, vector }) => ({
      id: chunkId,
      vector: [...vector],
      payload: { index_id: index.id, document_id: documentId },
    }));
    await this.ensureCollection(index.dimensions);
    await this.ask((client) => client.upsert(nameOf(index.dimensions), { wait: true, points }));
  }

  /** Once the transaction is committed they are removed by a sweep; until then, and should Qdrant be away, nobody sees them. */
  async remove(tx: Transaction, dimensions: number, chunkIds: readonly string[]): Promise<void> {
    await this.remote.addRemoval(tx, dimensions, chunkIds);
  }

  async nearest(scope: Scope, index: SearchedIndex, vector: Float32Array, limit: number): Promise<Scored[]> {
    const own = { ...scope, indexIds: [index.id] };
    const named = await this.remote.visibleDocuments(own, MOST_NAMED);
    if (named?.length === 0) return [];
    await this.ensureCollection(vector.length);
    const must: object[] = [{ key: 'index_id', match: { value: index.id } }];
    if (named) must.push({ key: 'document_id', match: { any: named } });
    for (let asked = limit; ; asked = Math.min(asked * 4, MOST_ASKED)) {
      const { points } = await this.ask((client) =>
        client.query(nameOf(vector.length), {
          query: [...vector],
          filter: { must },
          limit: asked,
          with_payload: false,
        }),
      );
      const visible = await this.remote.visibleChunks(
        own,
        points.map(({ id }) => String(id)),
      );
      const found = points.flatMap(({ id, score }) =>
        visible.has(String(id)) ? [{ chunkId: String(id), score }] : [],
      );
      if (found.length >= limit || points.length < asked || asked >= MOST_ASKED) return found.slice(0, limit);
    }
  }

  /** Removes what is gone from the database. */
  async sweep(): Promise<void> {
    for (const { id, dimensions, chunkIds } of await this.remote.removals(SWEEP_GROUP)) {
      await this.ensureCollection(dimensions);
      await this.ask((client) => client.delete(nameOf(dimensions), { wait: true, points: chunkIds }));
      await this.remote.deleteRemoval(id);
    }
  }

  private ensureCollection(dimensions: number): Promise<void> {
    const made = this.known.get(dimensions) ?? this.makeCollection(dimensions);
    this.known.set(dimensions, made);
    made.catch(() => this.known.delete(dimensions));
    return made;
  }

  private async makeCollection(dimensions: number): Promise<void> {
    const name = nameOf(dimensions);
    const there = async () => (await this.ask((client) => client.collectionExists(name))).exists;
    if (await there()) return;
    try {
      await this.ask((client) => client.createCollection(name, { vectors: { size: dimensions, distance: 'Cosine' } }));
    } catch (error) {
      if (!(await there())) throw error; // else another process was faster
    }
    // Payload indexes are made once, however often they are asked for.
    const tenant = { type: 'keyword', is_tenant: true } as const;
    await this.ask((client) =>
      client.createPayloadIndex(name, { wait: true, field_name: 'index_id', field_schema: tenant }),
    );
    await this.ask((client) =>
      client.createPayloadIndex(name, { wait: true, field_name: 'document_id', field_schema: 'keyword' }),
    );
  }

  private async ask<T>(question: (client: qdrant.QdrantClient) => Promise<T>): Promise<T> {
    if (!this.client) throw new Error('QDRANT_URL is not set');
    try {
      return await question(this.client);
    } catch (error) {
      throw new DomainError('unavailable', 'service_unavailable', 'The vector index does not answer as it should.', {
        cause: error,
        retryAfterSeconds: 5,
      });
    }
  }
}

/** The client takes the path of an address apart from it. */
function clientOf(address: string, apiKey: string | undefined): qdrant.QdrantClient {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- its 120 modules are loaded where there is a Qdrant
  const { QdrantClient } = require('@qdrant/js-client-rest') as typeof qdrant;
  const url = new URL(address);
  return new QdrantClient({
    url: url.origin,
    prefix: url.pathname === '/' ? '' : url.pathname.replace(/\/$/, ''),
    ...(apiKey ? { apiKey } : {}),
    timeout: ANSWER_MS,
    checkCompatibility: false,
  });
}

const nameOf = (dimensions: number) => `parley_${dimensions}`;
