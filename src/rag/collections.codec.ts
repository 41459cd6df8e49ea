import { type CollectionDto } from './collections.dto';
import { type BuildingIndex, type StoredCollection } from './collections.types';
import { type FailureDto } from './failure.dto';

export const toCollection = (row: StoredCollection): CollectionDto => ({
  id: row.id,
  name: row.name,
  user_id: row.user_id,
  access: row.access,
  embedding_model: row.embedding_model,
  chunking: row.chunking,
  documents: row.documents,
  reindexing: row.building && toReindexing(row.building, row.documents),
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
});

const toReindexing = (
  { embedding_model, chunking, indexed, next_attempt_at, ...failure }: BuildingIndex,
  documents: number,
): CollectionDto['reindexing'] => ({
  embedding_model,
  chunking,
  progress: documents === 0 ? 0 : Math.floor((100 * Math.min(indexed, documents)) / documents),
  error: toFailure(failure),
  next_attempt_at: next_attempt_at && new Date(next_attempt_at).toISOString(),
});

export const toFailure = (row: { error_code: string | null; error: string | null }): FailureDto | null =>
  row.error_code === null ? null : { code: row.error_code, message: row.error ?? '' };
