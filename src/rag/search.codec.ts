import { toFilter } from './filter.codec';
import { type PassageDto, type SearchDto, type SearchResultDto } from './search.dto';
import { type Passage, type SearchQuery, type SearchResult } from './search.types';

const DEFAULTS = { k: 8, mode: 'hybrid' } as const;

/** Throws `validation_failed` for a filter that is none. */
export const toSearchQuery = (collectionId: string, { query, k, mode, filter, rerank }: SearchDto): SearchQuery => ({
  collectionIds: [collectionId],
  query,
  k: k ?? DEFAULTS.k,
  mode: mode ?? DEFAULTS.mode,
  operators: true,
  ...(filter ? { filter: toFilter(filter) } : {}),
  ...(rerank ? { rerank } : {}),
});

export const toSearchResult = ({ passages, notReady, rerank }: SearchResult): SearchResultDto => ({
  data: passages.map(toPassage),
  not_ready: notReady,
  rerank,
});

const toPassage = (passage: Passage): PassageDto => ({
  chunk_id: passage.chunkId,
  document_id: passage.documentId,
  collection_id: passage.collectionId,
  title: passage.title,
  url: passage.url,
  text: passage.text,
  page: passage.page,
  start: passage.start,
  end: passage.end,
  heading_path: passage.headingPath,
  score: passage.score,
  text_score: passage.textScore,
  vector_score: passage.vectorScore,
});
