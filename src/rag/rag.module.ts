import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module';
import { CallsModule } from '../calls/calls.module';
import { IdempotencyModule } from '../idempotency/idempotency.module';
import { ProvidersModule } from '../providers/providers.module';
import { UsageModule } from '../usage/usage.module';
import { AdditionsService } from './additions.service';
import { CollectionsController } from './collections.controller';
import { CollectionsRepository } from './collections.repository';
import { CollectionsService } from './collections.service';
import { DocumentContentsController } from './document-contents.controller';
import { DocumentEventsService } from './document-events.service';
import { DocumentFilesService } from './document-files.service';
import { DocumentLimitsService } from './document-limits.service';
import { DocumentsController } from './documents.controller';
import { DocumentsRepository } from './documents.repository';
import { DocumentsService } from './documents.service';
import { PassagePagesRepository } from './passage-pages.repository';
import { PassagePages } from './passage-pages.service';
import { RagHousekeeping } from './housekeeping.processor';
import { RagHousekeepingRepository } from './housekeeping.repository';
import { IndexerService } from './indexer.service';
import { EmbedderService } from './embedder.service';
import { EmbeddingCacheRepository } from './embedding-cache.repository';
import { EmbeddingsHousekeeping } from './embeddings-housekeeping.processor';
import { ChunksRepository } from './indexes/chunks.repository';
import { IndexService } from './indexes/index.service';
import { LexicalRepository } from './indexes/lexical.repository';
import { PgVectors } from './indexes/pgvector.repository';
import { QdrantVectors } from './indexes/qdrant';
import { QuantizedVectors } from './indexes/quantized.repository';
import { RemoteVectorsRepository } from './indexes/remote-vectors.repository';
import { TextIndexService } from './indexes/text-index.service';
import { VECTOR_INDEX, vectorIndexOf } from './indexes/vector-index';
import { IngestProcessor } from './ingest.processor';
import { IngestionRepository } from './ingestion.repository';
import { IngestionService } from './ingestion.service';
import { LooseBlobsRepository } from './loose-blobs.repository';
import { PageReader } from './page-reader.service';
import { PagesService } from './pages.service';
import { ParsingService } from './parsing.service';
import { RagQueues } from './rag-queues.service';
import { RegistrationsRepository } from './registrations.repository';
import { ReindexProcessor } from './reindex.processor';
import { ReindexingRepository } from './reindexing.repository';
import { ReindexingService } from './reindexing.service';
import { RerankService } from './rerank/rerank.service';
import { RetrievalRepository } from './retrieval.repository';
import { RetrievalService } from './retrieval.service';
import { SearchController } from './search.controller';
import { SearchService } from './search.service';
import { WaitingRepository } from './waiting.repository';

@Module({
  imports: [AuditModule, CallsModule, IdempotencyModule, ProvidersModule, UsageModule],
  controllers: [CollectionsController, DocumentsController, DocumentContentsController, SearchController],
  providers: [
    AdditionsService,
    ChunksRepository,
    CollectionsRepository,
    CollectionsService,
    DocumentEventsService,
    DocumentFilesService,
    DocumentLimitsService,
    DocumentsRepository,
    DocumentsService,
    EmbedderService,
    EmbeddingCacheRepository,
    EmbeddingsHousekeeping,
    IndexService,
    IndexerService,
    IngestProcessor,
    IngestionRepository,
    IngestionService,
    LexicalRepository,
    LooseBlobsRepository,
    PageReader,
    PagesService,
    ParsingService,
    PassagePages,
    PassagePagesRepository,
    PgVectors,
    QdrantVectors,
    QuantizedVectors,
    RagHousekeeping,
    RagHousekeepingRepository,
    RagQueues,
    RegistrationsRepository,
    ReindexProcessor,
    ReindexingRepository,
    ReindexingService,
    RemoteVectorsRepository,
    RerankService,
    RetrievalRepository,
    RetrievalService,
    SearchService,
    TextIndexService,
    WaitingRepository,
    { provide: VECTOR_INDEX, useFactory: vectorIndexOf, inject: [QdrantVectors, PgVectors, QuantizedVectors] },
  ],
  exports: [
    CollectionsService,
    DocumentsService,
    EmbedderService,
    PageReader,
    PagesService,
    PassagePages,
    RetrievalService,
  ],
})
export class RagModule {}
