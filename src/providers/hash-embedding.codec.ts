import { HASH_DIMENSIONS } from './embedding.codec';

/** Runs of letters and digits; of Chinese and Japanese, which have no blanks between words, pairs of characters. */
const WORD = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]+|(?:[^\P{L}\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]|\p{N})+/gu;
const WITHOUT_BLANKS = /^[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}]/u;
const GRAM = 4;
/** Short words are mostly the ones that every text has: a word of fewer letters counts for less. */
const FULL_LENGTH = 5;
/** Longer words are keys, hashes and other things nobody asks for by a part. */
const MOST_LETTERS = 64;

/**
 * A text as a vector of 384 numbers, of length 1 (0 for a text without words): its words and their four-letter pieces,
 * each added to or taken from one number that a hash picks (feature hashing: Weinberger et al., 2009,
 * https://arxiv.org/abs/0902.2206). A word that comes n times counts 1 + ln n; its pieces count together as much as the
 * word. The same text has the same vector everywhere, and vectors of texts with the same words are near each other,
 * whatever they mean.
 * @param weights what a word of `wordsOf` counts for; 1 if it is not among them
 */
export function hashEmbedding(text: string, weights?: ReadonlyMap<string, number>): Float32Array {
  const vector = new Float32Array(HASH_DIMENSIONS);
  for (const [word, times] of countsOf(wordsOf(text))) {
    const usual = (1 + Math.log(times)) * Math.min(1, word.length / FULL_LENGTH);
    const weight = usual * (weights?.get(word) ?? 1);
    add(vector, word, weight);
    const framed = `<${word}>`;
    const pieces = Math.max(0, framed.length - GRAM + 1);
    for (let at = 0; at < pieces; at++) add(vector, `+${framed.slice(at, at + GRAM)}`, weight / Math.sqrt(pieces));
  }
  return normalised(vector);
}

/** The words of a text as they are hashed: in lower case, without accents, compatible forms alike (NFKC). */
export function wordsOf(text: string): string[] {
  const folded = text.normalize('NFKC').toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').normalize('NFC');
  return (folded.match(WORD) ?? []).flatMap((word) => (WITHOUT_BLANKS.test(word) ? pairsOf(word) : longest(word)));
}

function pairsOf(run: string): string[] {
  const characters = [...run];
  if (characters.length < 2) return characters;
  return characters.slice(1).map((character, i) => `${characters[i] ?? ''}${character}`);
}

const longest = (word: string) => (word.length > MOST_LETTERS ? word.slice(0, MOST_LETTERS) : word);

function countsOf(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

/** Which number, and whether to add or to take, are told by different bits. */
function add(vector: Float32Array, feature: string, weight: number): void {
  const hash = hashOf(feature);
  const at = (hash >>> 1) % HASH_DIMENSIONS;
  vector[at] = (vector[at] ?? 0) + (hash & 1 ? weight : -weight);
}

/** FNV-1a over UTF-16 code units (http://www.isthe.com/chongo/tech/comp/fnv/), mixed by the end of MurmurHash3. */
function hashOf(feature: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < feature.length; i++) hash = Math.imul(hash ^ feature.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function normalised(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}
