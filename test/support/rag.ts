import { createHash, randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { AccessRules } from '../../src/platform/common/auth/access-rules';
import { type Principal } from '../../src/platform/common/auth/principal';
import { type Config } from '../../src/platform/config/config.service';
import { type ChunkText, type WrittenIndex } from '../../src/rag/indexes/chunks.repository';
import { type VectorIndex } from '../../src/rag/indexes/vector-index.types';
import { type EmbedderService } from '../../src/rag/embedder.service';
import { type SearchResult } from '../../src/rag/search.types';
import { freshDatabase, type TestDatabase } from './database';
import { dist } from './dist';

type DataSourceModule = typeof import('../../src/platform/database/data-source');
type ChunksModule = typeof import('../../src/rag/indexes/chunks.repository');
type LexicalModule = typeof import('../../src/rag/indexes/lexical.repository');
type IndexModule = typeof import('../../src/rag/indexes/index.service');
type TextModule = typeof import('../../src/rag/indexes/text-index.service');
type QuantizedModule = typeof import('../../src/rag/indexes/quantized.repository');
type PgVectorModule = typeof import('../../src/rag/indexes/pgvector.repository');
type QdrantModule = typeof import('../../src/rag/indexes/qdrant');
type RemoteModule = typeof import('../../src/rag/indexes/remote-vectors.repository');
type RetrievalStore = typeof import('../../src/rag/retrieval.repository');
type RetrievalModule = typeof import('../../src/rag/retrieval.service');
type RerankModule = typeof import('../../src/rag/rerank/rerank.service');
type FilterModule = typeof import('../../src/rag/filter.codec');

export const DIMENSIONS = 64;
const MODEL = 'test/words';
/** Chunks written at a time: few, so that most documents take several. */
const GROUP = 7;

/** One coordinate for each word, by its hash: texts with the same words are near each other. */
export function wordVector(text: string): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) {
    vector[createHash('sha256').update(word).digest().readUInt32BE() % DIMENSIONS]! += 1;
  }
  return vector;
}

/** What asks no provider. */
class TestEmbedder implements Pick<EmbedderService, 'embed' | 'wordsOf'> {
  asked = 0;
  wordsOf = () => null;
  embed(_: unknown, __: string, texts: readonly string[]) {
    this.asked++;
    return Promise.resolve({ vectors: texts.map(wordVector), tokens: texts.length, cost: 0n });
  }
}

export interface TestCollection {
  id: string;
  indexId: string;
  owner: Pick<Principal, 'workspaceId' | 'userId'>;
}

export interface DocumentFields {
  title?: string;
  language?: string | null;
  metadata?: object;
  /** Titles of the headings of all chunks. */
  headings?: string[];
  /** What stands between two chunks, and belongs to neither. */
  between?: string;
  /** Stays invisible. */
  unpublished?: boolean;
  /** Told apart from documents of the same title. */
  version?: number;
  createdAt?: string;
}

/** Search over a database of its own, by the services of the build. */
export class TestSearch {
  readonly embedder = new TestEmbedder();
  private constructor(
    readonly database: TestDatabase,
    readonly db: DataSource,
    readonly vectors: VectorIndex,
    readonly indexes: InstanceType<IndexModule['IndexService']>,
    private readonly config: Config,
    private readonly text: InstanceType<TextModule['TextIndexService']>,
  ) {}

  static async start(driver: keyof typeof DRIVERS = 'quantized', config: object = {}): Promise<TestSearch> {
    return TestSearch.on(await freshDatabase(), driver, config);
  }

  /** Over a database that others use too. */
  static async on(
    database: TestDatabase,
    driver: keyof typeof DRIVERS = 'quantized',
    config: object = {},
  ): Promise<TestSearch> {
    const { dataSourceOptions } = dist('platform/database/data-source') as DataSourceModule;
    const db = await new DataSource(dataSourceOptions(database.url)).initialize();
    const whole = { env: {}, yaml: { rerankers: [] }, ...config } as unknown as Config;
    const { LexicalRepository } = dist('rag/indexes/lexical.repository') as LexicalModule;
    const { ChunksRepository } = dist('rag/indexes/chunks.repository') as ChunksModule;
    const lexical = new LexicalRepository(db);
    const vectors = DRIVERS[driver](db, whole);
    const { IndexService } = dist('rag/indexes/index.service') as IndexModule;
    const indexes = new IndexService(new ChunksRepository(db), lexical, vectors);
    await indexes.onModuleInit();
    const { TextIndexService } = dist('rag/indexes/text-index.service') as TextModule;
    return new TestSearch(database, db, vectors, indexes, whole, new TextIndexService(lexical));
  }

  async stop(): Promise<void> {
    await this.close();
    await this.database.drop();
  }

  /** The database stays. */
  async close(): Promise<void> {
    (this.vectors as { onApplicationShutdown?: () => void }).onApplicationShutdown?.();
    await this.db.destroy();
  }

  /** Someone with a workspace, or another member of one. */
  async person(workspaceId?: string): Promise<Principal> {
    const userId = randomUUID();
    const id = workspaceId ?? randomUUID();
    await this.db.query(`INSERT INTO users (id, email, password_hash) VALUES ($1, $2, '')`, [userId, userId]);
    if (!workspaceId) await this.db.query(`INSERT INTO workspaces (id, name) VALUES ($1, 'w')`, [id]);
    return {
      userId,
      workspaceId: id,
      role: workspaceId ? 'member' : 'owner',
      instanceAdmin: false,
      apiKeyId: null,
      scopes: null,
      rules: AccessRules.NONE,
      tier: null,
    };
  }

  async collection(owner: Pick<Principal, 'workspaceId' | 'userId'>, access = 'private'): Promise<TestCollection> {
    const id = randomUUID();
    await this.db.query(
      `INSERT INTO collections (id, workspace_id, user_id, name, access) VALUES ($1, $2, $3, 'c', $4)`,
      [id, owner.workspaceId, owner.userId, access],
    );
    return { id, owner, indexId: await this.index({ id, owner }, 'active') };
  }

  async index({ id, owner }: Omit<TestCollection, 'indexId'>, state: string): Promise<string> {
    const indexId = randomUUID();
    await this.db.query(
      `INSERT INTO collection_indexes
         (id, workspace_id, collection_id, user_id, state, embedding_model, dimensions, chunking)
       VALUES ($1, $2, $3, $4, $5, $6, $7, '{}')`,
      [indexId, owner.workspaceId, id, owner.userId, state, MODEL, DIMENSIONS],
    );
    return indexId;
  }

  /** A document whose text is the chunks, one after the other; current and published unless it is said otherwise. */
  async document(collection: TestCollection, texts: readonly string[], fields: DocumentFields = {}): Promise<string> {
    const id = randomUUID();
    const { title = `document ${id}`, language = 'en', metadata = {}, unpublished, version = 1, createdAt } = fields;
    await this.db.query(
      `INSERT INTO documents (id, workspace_id, collection_id, user_id, title, version, status, language, metadata, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, $8, coalesce($9::timestamptz, now()))`,
      [
        id,
        collection.owner.workspaceId,
        collection.id,
        collection.owner.userId,
        title,
        version,
        language,
        metadata,
        createdAt ?? null,
      ],
    );
    await this.db.query(`INSERT INTO document_texts (document_id, text, pages, headings) VALUES ($1, $2, '[]', '[]')`, [
      id,
      texts.join(fields.between ?? GAP),
    ]);
    await this.write(collection, { id, title, language }, texts, fields);
    if (!unpublished) await this.publish(collection, id);
    return id;
  }

  async write(
    { id, indexId, owner }: TestCollection,
    document: { id: string; title: string; language: string | null },
    texts: readonly string[],
    { headings, between }: DocumentFields = {},
  ): Promise<void> {
    const index = { id: indexId, workspaceId: owner.workspaceId, collectionId: id, dimensions: DIMENSIONS };
    await this.put(index, document, chunksOf(texts, headings, between), texts.map(wordVector));
  }

  async put(
    index: WrittenIndex,
    document: { id: string; title: string; language: string | null },
    chunks: readonly ChunkText[],
    vectors: readonly Float32Array[],
  ): Promise<void> {
    const writer = await this.indexes.begin(index, document);
    for (let from = 0; from < chunks.length; from += GROUP) {
      await writer.add(chunks.slice(from, from + GROUP), vectors.slice(from, from + GROUP));
    }
    await writer.end();
  }

  async publish({ indexId }: TestCollection, documentId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await this.indexes.publish(tx, indexId, documentId);
      await tx.query(`UPDATE documents SET current = true, status = 'ready' WHERE id = $1`, [documentId]);
    });
  }

  async remove(documentId: string): Promise<void> {
    await this.db.transaction(async (tx) => {
      await this.indexes.remove(tx, documentId);
      await tx.query('UPDATE documents SET current = false, deleted_at = now() WHERE id = $1', [documentId]);
    });
  }

  async search(
    who: Principal,
    collections: TestCollection | TestCollection[],
    query: string,
    options: { k?: number; mode?: 'text' | 'vector' | 'hybrid'; filter?: unknown } = {},
  ): Promise<SearchResult> {
    const { k = 10, mode = 'hybrid', filter } = options;
    const { RetrievalService } = dist('rag/retrieval.service') as RetrievalModule;
    const { RetrievalRepository } = dist('rag/retrieval.repository') as RetrievalStore;
    const { RerankService } = dist('rag/rerank/rerank.service') as RerankModule;
    const { toFilter } = dist('rag/filter.codec') as FilterModule;
    const retrieval = new RetrievalService(
      new RetrievalRepository(this.db),
      this.text,
      this.vectors,
      this.embedder as unknown as EmbedderService,
      new RerankService(this.config, NO_CALLS, NO_CALLS),
    );
    return retrieval.search(
      who,
      {
        collectionIds: [collections].flat().map(({ id }) => id),
        query,
        operators: true,
        k,
        mode,
        ...(filter === undefined ? {} : { filter: toFilter(filter) }),
      },
      { requestId: 'r', signal: new AbortController().signal },
    );
  }

  /** The documents found, in their order. */
  async found(...asked: Parameters<TestSearch['search']>): Promise<string[]> {
    return (await this.search(...asked)).passages.map(({ documentId }) => documentId);
  }
}

/** Nothing is reranked here. */
const NO_CALLS = null as never;

/** More than the blanks that neighbours may have between them. */
const GAP = ' '.repeat(40);

function chunksOf(texts: readonly string[], headingPath: string[] = [], between = GAP): ChunkText[] {
  let start = 0;
  return texts.map((text) => {
    const chunk = {
      start,
      end: start + text.length,
      text,
      tokens: text.length,
      page: null,
      headingPath,
      blanks: start === 0 || between.length > 32 ? '' : between,
    };
    start = chunk.end + between.length;
    return chunk;
  });
}

/** Every driver there is, made by hand as the module makes them. */
export const DRIVERS = {
  quantized: (db: DataSource): VectorIndex =>
    new (dist('rag/indexes/quantized.repository') as QuantizedModule).QuantizedVectors(db),
  pgvector: (db: DataSource): VectorIndex =>
    new (dist('rag/indexes/pgvector.repository') as PgVectorModule).PgVectors(db),
  qdrant: (db: DataSource, config: Config): VectorIndex => {
    const { RemoteVectorsRepository } = dist('rag/indexes/remote-vectors.repository') as RemoteModule;
    return new (dist('rag/indexes/qdrant') as QdrantModule).QdrantVectors(config, new RemoteVectorsRepository(db));
  },
};
