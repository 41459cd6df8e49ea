import { anywhere } from './breaks';
import { type Chunker } from './chunker.types';
import { pack } from './pack';

/** Windows of `size` tokens, each `overlap` tokens into the one before. */
export const tokens: Chunker = ({ text }, ruler, { size, overlap }) =>
  pack(text, ruler, { start: 0, end: text.length }, { size, overlap, floor: size }, anywhere);
