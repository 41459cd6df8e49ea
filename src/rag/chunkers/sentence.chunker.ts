import { wholeSentences } from './breaks';
import { type Chunker } from './chunker.types';
import { pack } from './pack';

/** As many whole sentences as there is room for, and so are those that are repeated. */
export const sentence: Chunker = ({ text }, ruler, { size, overlap }) =>
  pack(text, ruler, { start: 0, end: text.length }, { size, overlap, floor: overlap }, wholeSentences);
