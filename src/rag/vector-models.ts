/** How far the vectors of an embedding model are trusted, and how many candidates their sign codes must yield. */
export interface VectorTraits {
  /** In the fusion with full text, whose weight is 1. */
  weight: number;
  /** Chunks that are compared exactly, of those nearest by sign code. */
  candidates: number;
}

/** Dense vectors, which stand for meaning. */
const DENSE: VectorTraits = { weight: 1, candidates: 400 };

/** By embedding model; decisions 24 and 25 say how the figures were found. Any other model's are dense. */
const TRAITS: Record<string, VectorTraits> = {
  'local/hash-384': { weight: 0.15, candidates: 1_000 },
};

export const vectorTraits = (model: string): VectorTraits => TRAITS[model] ?? DENSE;
