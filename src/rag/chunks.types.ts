import { type Span } from './parsed.types';

export const STRATEGIES = ['recursive', 'sentence', 'heading', 'tokens'] as const;

/** `size` and `overlap` are in tokens. */
export interface Chunking {
  strategy: (typeof STRATEGIES)[number];
  size: number;
  overlap: number;
}

/** A chunk before it is stored: `text.slice(start, end)` of the document is its text. */
export interface ChunkSpan extends Span {
  tokens: number;
  /** Where it begins; null where the format has no pages. */
  page: number | null;
  /** Titles of the headings it stands under, outermost first. */
  headingPath: string[];
}
