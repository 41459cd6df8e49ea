import { type Scored } from './search.types';

/** G. Cormack, C. Clarke and S. Büttcher, Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods, 2009. */
const K = 60;

/** One way of searching: what it found, best first, and how far it is trusted. */
export interface Ranking {
  weight: number;
  found: readonly Scored[];
}

/**
 * Weighted reciprocal rank fusion: each chunk has the sum of `weight / (60 + rank)`, as share of what a chunk at the head
 * of every ranking would have.
 * @param most the sum of the weights a single chunk can get
 */
export function fuse(rankings: readonly Ranking[], most: number): Scored[] {
  const scores = new Map<string, number>();
  for (const { weight, found } of rankings) {
    for (const [i, { chunkId }] of found.entries()) {
      scores.set(chunkId, (scores.get(chunkId) ?? 0) + weight / (K + i + 1));
    }
  }
  const greatest = most / (K + 1);
  return [...scores]
    .map(([chunkId, score]) => ({ chunkId, score: Math.min(1, score / greatest) }))
    .sort((a, b) => b.score - a.score || (a.chunkId < b.chunkId ? -1 : 1));
}
