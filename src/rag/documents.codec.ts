import { formatUsd, parseUsd } from '../platform/common/money';
import { toFailure } from './collections.codec';
import { type ChunkDto, type DocumentDto } from './documents.dto';
import { type StoredChunk, type StoredDocument } from './documents.types';

export const toDocument = (row: StoredDocument): DocumentDto => ({
  id: row.id,
  collection_id: row.collection_id,
  title: row.title,
  version: row.version,
  superseded: row.status === 'ready' && !row.current,
  status: row.status,
  stalled: row.stalled,
  step: row.step,
  progress: row.progress,
  error: toFailure(row),
  next_attempt_at: row.next_attempt_at?.toISOString() ?? null,
  pages: row.pages,
  chunks: row.chunks,
  tokens: Number(row.tokens),
  cost_usd: row.cost_usd === null ? null : formatUsd(parseUsd(row.cost_usd)),
  metadata: row.metadata,
  bytes: row.bytes === null ? null : Number(row.bytes),
  media_type: row.media_type?.split(';')[0] ?? null, // what is after it is for the parsers
  filename: row.filename,
  url: row.source_url,
  language: row.language,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
  ready_at: row.ready_at?.toISOString() ?? null,
});

export const toChunk = (row: StoredChunk): ChunkDto => ({
  id: row.id,
  ordinal: row.ordinal,
  text: row.text,
  start: row.start_at,
  end: row.end_at,
  page: row.page,
  heading_path: row.heading_path,
  tokens: row.tokens,
});
