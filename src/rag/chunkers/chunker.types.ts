import { type Chunking } from '../chunks.types';
import { type ParsedDocument, type Span } from '../parsed.types';
import { type TokenRuler } from './token-ruler';

/**
 * Cuts a document's text into chunks, in order, one when it is asked for.
 *
 * A chunk has a part in at most `size` tokens (as `TokenRuler` counts them), unless a single character has more. It shares
 * at most `overlap` tokens with the one before. It begins and ends with no blank, and never between the halves of a
 * surrogate pair; within a grapheme only when that has more than `size` tokens. Every character that is no blank is in a
 * chunk.
 */
export type Chunker = (
  document: ParsedDocument,
  ruler: TokenRuler,
  sizes: Pick<Chunking, 'size' | 'overlap'>,
) => Iterable<Span>;
