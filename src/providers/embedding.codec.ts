/** What is known of a model that makes vectors. */
export interface EmbeddingLimits {
  /** Numbers of a vector; null: unknown. */
  dimensions: number | null;
  /** Whether it makes shorter ones when it is asked to. */
  shortens: boolean;
  /** Of one request. */
  maxInputs: number;
  /** Of all texts of one request together. */
  maxTokens: number;
}

/** https://platform.openai.com/docs/api-reference/embeddings/create, …/docs/guides/embeddings */
const OPENAI = { shortens: true, maxInputs: 2048, maxTokens: 300_000 };
const OPENAI_MODELS: Readonly<Record<string, EmbeddingLimits>> = {
  'text-embedding-3-small': { ...OPENAI, dimensions: 1536 },
  'text-embedding-3-large': { ...OPENAI, dimensions: 3072 },
  'text-embedding-ada-002': { ...OPENAI, dimensions: 1536, shortens: false },
};

export const HASH_DIMENSIONS = 384;
const LOCAL_MODELS: Readonly<Record<string, EmbeddingLimits>> = {
  'hash-384': { dimensions: HASH_DIMENSIONS, shortens: false, maxInputs: 256, maxTokens: 1_000_000 },
};

/** Of models nobody has told us of: what servers take unless they are set up for more. */
export const UNKNOWN_EMBEDDING: EmbeddingLimits = {
  dimensions: null,
  shortens: true,
  maxInputs: 32,
  maxTokens: 131_072,
};

const BY_PROVIDER: Readonly<Record<string, Readonly<Record<string, EmbeddingLimits>>>> = {
  openai: OPENAI_MODELS,
  openrouter: Object.fromEntries(Object.entries(OPENAI_MODELS).map(([name, limits]) => [`openai/${name}`, limits])),
  local: LOCAL_MODELS,
};

/** Names of the embedding models of a provider that are known here. */
export const embeddingModelsOf = (provider: string): string[] => Object.keys(BY_PROVIDER[provider] ?? {});

/** Null for a model that is not known to make vectors. */
export const embeddingLimitsOf = (provider: string, model: string): EmbeddingLimits | null =>
  BY_PROVIDER[provider]?.[model] ?? null;
