import { type Chunker } from './chunker.types';
import { structure } from './breaks';
import { pack } from './pack';

/**
 * Chunks end at the best place of their last half: between paragraphs, else lines, sentences, words, graphemes. What they
 * repeat begins at a sentence, else a line or a word.
 */
export const recursive: Chunker = ({ text }, ruler, { size, overlap }) =>
  pack(text, ruler, { start: 0, end: text.length }, { size, overlap, floor: (size + overlap) >> 1 }, structure);
