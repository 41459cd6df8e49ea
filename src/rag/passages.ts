import { type FoundChunk, type Passage } from './search.types';

/** UTF-16 code units of a passage, beyond which no neighbour is added to it. */
const MOST_CHARACTERS = 8_000;
/** Texts that share so much of what either has are told once. */
const DUPLICATE = 0.8;
/** Words of a shingle (A. Broder, On the Resemblance and Containment of Documents, 1997). */
const SHINGLE = 4;

/** Chunks reach to the next where that was found too and only blanks, which belong to neither, are between them. */
export function touching(chunks: readonly FoundChunk[]): FoundChunk[] {
  const at = new Map(chunks.map((chunk) => [`${chunk.documentId} ${chunk.ordinal}`, chunk]));
  return chunks.map((first) => {
    const second = at.get(`${first.documentId} ${first.ordinal + 1}`);
    if (!second?.blanks || second.start - first.end !== second.blanks.length) return first;
    return { ...first, text: first.text + second.blanks, end: second.start };
  });
}

/**
 * The first `k` passages of chunks in their order. Chunks of a document that touch or overlap become one passage, which
 * keeps place, score and id of the best of them; one that says nearly the same as a better one is left out.
 */
export function assemble(chunks: readonly Passage[], k: number): Passage[] {
  const passages: Passage[] = [];
  const told = new Told();
  for (const chunk of chunks) {
    if (passages.length >= k) break;
    if (told.tells(chunk)) add(passages, chunk);
  }
  return passages.map(withoutBlanks);
}

/** What was told, by its shingles: texts that share none are not compared. */
class Told {
  private readonly all: { passage: Passage; shingles: number }[] = [];
  private readonly byShingle = new Map<string, number[]>();

  /** False when nearly the same was told before, elsewhere: what touches it becomes part of it. */
  tells(passage: Passage): boolean {
    const shingles = shinglesOf(passage.text);
    if (this.has(passage, shingles)) return false;
    for (const shingle of shingles) {
      const places = this.byShingle.get(shingle);
      if (places) places.push(this.all.length);
      else this.byShingle.set(shingle, [this.all.length]);
    }
    this.all.push({ passage, shingles: shingles.size });
    return true;
  }

  private has(passage: Passage, own: ReadonlySet<string>): boolean {
    const shared = new Map<number, number>();
    for (const shingle of own) {
      for (const place of this.byShingle.get(shingle) ?? []) shared.set(place, (shared.get(place) ?? 0) + 1);
    }
    return [...shared].some(([place, count]) => {
      const one = this.all[place];
      return one && count / (one.shingles + own.size - count) >= DUPLICATE && !touch(one.passage, passage);
    });
  }
}

/** Those before a neighbour that was left out. */
function withoutBlanks(passage: Passage): Passage {
  const text = passage.text.trimEnd();
  return text.length === passage.text.length ? passage : { ...passage, text, end: passage.start + text.length };
}

/** A chunk between two passages joins both. */
function add(passages: Passage[], chunk: Passage): void {
  let whole: Passage = chunk;
  let place = passages.length;
  for (let i = passages.length - 1; i >= 0; i--) {
    const near = passages[i];
    if (!near || !touch(near, whole)) continue;
    if (Math.max(near.end, whole.end) - Math.min(near.start, whole.start) > MOST_CHARACTERS) continue;
    whole = join(near, whole);
    passages.splice(i, 1);
    place = i;
  }
  passages.splice(place, 0, whole);
}

const touch = (a: Passage, b: Passage) => a.documentId === b.documentId && a.start <= b.end && b.start <= a.end;

/** @param better gives its place, id and scores */
function join(better: Passage, worse: Passage): Passage {
  const [first, second] = better.start <= worse.start ? [better, worse] : [worse, better];
  const more = second.end > first.end ? second.text.slice(first.end - second.start) : '';
  return {
    ...better,
    text: first.text + more,
    page: first.page,
    headingPath: first.headingPath,
    start: first.start,
    end: Math.max(first.end, second.end),
    textScore: larger(better.textScore, worse.textScore),
    vectorScore: larger(better.vectorScore, worse.vectorScore),
  };
}

const larger = (a: number | null, b: number | null) => (a === null || b === null ? (a ?? b) : Math.max(a, b));

function shinglesOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  const shingles = new Set<string>();
  for (let i = 0; i < Math.max(words.length - SHINGLE + 1, 1); i++) shingles.add(words.slice(i, i + SHINGLE).join(' '));
  return shingles;
}
