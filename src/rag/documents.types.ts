import { type Chunking } from './chunks.types';

export const STATUSES = ['queued', 'running', 'ready', 'failed', 'cancelled'] as const;
export type DocumentStatus = (typeof STATUSES)[number];

/** What is done with a document, in this order. */
export const STEPS = ['fetch', 'parse', 'embed', 'write'] as const;
export type Step = (typeof STEPS)[number];

/** Topics of what processes tell one another, by document: it has changed; and whoever works on it is to stop. */
export const DOCUMENT_CHANGED = 'document';
export const DOCUMENT_TAKEN = 'document_taken';

/** A document as it is read. */
export interface StoredDocument {
  id: string;
  collection_id: string;
  title: string;
  version: number;
  current: boolean;
  status: DocumentStatus;
  stalled: boolean;
  step: Step | null;
  progress: number;
  attempts: number;
  next_attempt_at: Date | null;
  error_code: string | null;
  error: string | null;
  bytes: string | null;
  media_type: string | null;
  filename: string | null;
  source_url: string | null;
  blob_key: string | null;
  language: string | null;
  pages: number | null;
  chunks: number | null;
  tokens: string;
  cost_usd: string | null;
  metadata: Record<string, unknown>;
  created_at: Date;
  updated_at: Date;
  ready_at: Date | null;
}

/** Bytes in the blob store that no document has yet. */
export interface ReceivedBlob {
  key: string;
  bytes: number;
  sha256: Buffer;
  mediaType: string;
}

/** What a new document is made from. */
export interface NewDocument {
  title: string;
  /** Null: that of the version before. */
  metadata: Record<string, unknown> | null;
  filename: string | null;
  sourceUrl: string | null;
  /** Null for a URL, which is fetched later. */
  blob: ReceivedBlob | null;
  /** What may be fetched from the URL. */
  maxBytes: number;
}

/** A document a worker has. `jobVersion` is his fence: once the row has another, what he does comes to nothing. */
export interface DocumentJob {
  id: string;
  jobVersion: number;
  workspaceId: string;
  collectionId: string;
  userId: string;
  apiKeyId: string | null;
  title: string;
  attempts: number;
  filename: string | null;
  mediaType: string | null;
  blobKey: string | null;
  sourceUrl: string | null;
  maxBytes: number;
  createdAt: Date;
  /** Whether its text is stored. */
  parsed: boolean;
}

/** An index documents are written into. */
export interface TargetIndex {
  id: string;
  workspaceId: string;
  collectionId: string;
  embeddingModel: string;
  dimensions: number | null;
  chunking: Chunking;
}

/** Who pays for what is done with it. */
export type DocumentPayer = Pick<DocumentJob, 'workspaceId' | 'userId' | 'apiKeyId'>;

/** What indexing a text came to; tokens of all chunks together. */
export interface Indexed {
  chunks: number;
  tokens: number;
}

export interface StoredChunk {
  id: string;
  ordinal: number;
  text: string;
  start_at: number;
  end_at: number;
  page: number | null;
  heading_path: string[];
  tokens: number;
}
