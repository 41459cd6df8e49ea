import { type Breaks } from './pack';

const words = new Intl.Segmenter('en', { granularity: 'word' });
const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });

/** What may stand behind a cut: better ones first. */
const PARAGRAPH = /\n[^\S\n]*\n\s*/g;
const LINE = /[\n\r\u2028\u2029]\s*/g;
const SENTENCE = /[.!?…]['")\]»”’]*\s+|[。！？][」』）”’]*\s*/g;
const WORD = /\s+/g;
/** Here a run without blanks has no words to be told. */
const LATIN = /^[\0-\u02ff]{2}$/;
/** Scripts without blanks have their words told by a dictionary, from as many characters. */
const CONTEXT = 256;

/** Paragraphs, else lines, else sentences, else words. */
export const structure: Breaks = {
  last(text, _, floor, most) {
    const window = text.slice(floor, most + 1);
    for (const pattern of [PARAGRAPH, LINE, SENTENCE, WORD]) {
      const end = lastEnd(pattern, window);
      if (end !== null) return Math.min(floor + end, most);
    }
    return lastWord(text, floor, most);
  },
  first(text, from, to) {
    const window = text.slice(from, to);
    for (const pattern of [SENTENCE, LINE, WORD]) {
      const [match] = window.matchAll(pattern); // leaves no trace in the pattern
      const end = match ? match.index + match[0].length : window.length;
      if (end < window.length) return from + end;
    }
    return from;
  },
};

/** Sentences (UAX #29); in one that is too long as `structure` has it. */
export const wholeSentences: Breaks = {
  last(text, from, floor, most) {
    const end = sentenceEnds(text, from, most).findLast((end) => end > floor && end <= most);
    return end ?? structure.last(text, from, floor, most);
  },
  first(text, from, to) {
    return sentenceEnds(text, Math.max(0, from - CONTEXT), to).find((end) => end >= from) ?? to;
  },
};

/** Wherever the size says. */
export const anywhere: Breaks = { last: () => null, first: (_, from) => from };

function lastEnd(pattern: RegExp, window: string): number | null {
  let end: number | null = null;
  for (const match of window.matchAll(pattern)) {
    if (match.index + match[0].length > 0) end = match.index + match[0].length;
  }
  return end;
}

function lastWord(text: string, floor: number, most: number): number | null {
  if (LATIN.test(text.slice(most - 1, most + 1))) return null;
  const start = Math.max(floor, most - CONTEXT);
  let last: number | null = null;
  for (const { index } of words.segment(text.slice(start, most + CONTEXT))) {
    if (start + index > most) break;
    if (index > 0) last = start + index;
  }
  return last;
}

/** A line that goes on in lower case is part of its sentence. */
function sentenceEnds(text: string, from: number, to: number): number[] {
  const window = text.slice(from, to + CONTEXT).replace(/\r?\n(?=[^\S\n]*\p{Ll})/gu, (end) => ' '.repeat(end.length));
  return Array.from(sentences.segment(window), ({ index, segment }) => from + index + segment.length);
}
