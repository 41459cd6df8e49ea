import { type PicoUsd } from '../platform/common/money';
import { type Filter } from './filter.types';

export const SEARCH_MODES = ['hybrid', 'vector', 'text'] as const;
export type SearchMode = (typeof SEARCH_MODES)[number];

/** `by`: `none`, `llm`, or the id of a reranker of `parley.yaml`. `model` is the one `llm` asks; the default one without it. */
export interface Rerank {
  by: string;
  model?: string;
}

export interface SearchQuery {
  collectionIds: readonly string[];
  query: string;
  /** How many passages at most. */
  k: number;
  mode: SearchMode;
  /** Whether quotes and dashes are operators; in a question they are what the question is about. */
  operators: boolean;
  filter?: Filter;
  rerank?: Rerank;
}

/** A piece of a document: its `extracted_text.slice(start, end)` is `text`. */
export interface Passage {
  /** The chunk that was found; neighbours that were found too are part of the passage. */
  chunkId: string;
  documentId: string;
  collectionId: string;
  title: string;
  url: string | null;
  text: string;
  /** Where it begins; null where the format has no pages. */
  page: number | null;
  start: number;
  end: number;
  /** Titles of the headings it stands under, outermost first. */
  headingPath: string[];
  /** What the order is by, from 0 to 1: docs/decisions/0025 says what it means in each mode. */
  score: number;
  /** Share of the most that full text could give for the query, 0 to 1; null when it was not found by words. */
  textScore: number | null;
  /** Cosine; null when it was not found by its vector. */
  vectorScore: number | null;
}

/** A chunk that was found, as a passage of its own. */
export interface FoundChunk extends Passage {
  /** Its place among the chunks of its document. */
  ordinal: number;
  /** What stands between it and the chunk before, where that is only blanks, and few. */
  blanks: string;
}

/** Whether the order is the reranker's; when it failed, the order is that of the search, and `reason` says why. */
export interface RerankOutcome {
  by: string;
  applied: boolean;
  reason: string | null;
}

export interface SearchResult {
  passages: Passage[];
  /** Documents of the searched collections that will be found later. */
  notReady: { id: string; title: string; status: string }[];
  /** Null when none was asked for. */
  rerank: RerankOutcome | null;
  /** What the vectors of the query cost; null when it is not known. */
  queryCost: PicoUsd | null;
}

/** Whose eyes a search has, in which indexes. Every statement of a search is bound by all of it. */
export interface Scope {
  readonly workspaceId: string;
  readonly userId: string;
  readonly indexIds: readonly string[];
  readonly filter: Filter | null;
}

/** An index a search answers from. */
export interface SearchedIndex {
  id: string;
  collectionId: string;
  model: string;
}

/** A chunk that was found, higher scores first. */
export interface Scored {
  chunkId: string;
  score: number;
}
