import { findProvider } from '@pydantic/genai-prices';
import { type ModelSettings } from '../platform/config/parley-yaml';
import { capabilitiesOf, type Capability } from './capabilities';
import { embeddingLimitsOf, embeddingModelsOf, type EmbeddingLimits, UNKNOWN_EMBEDDING } from './embedding.codec';
import { outputLimitOf } from './output-limits';
import { FREE, type Price, priceFromLibrary, priceFromSettings } from './pricing';

/** What is known of one model. */
export interface ModelInfo {
  /** `provider/model`. */
  id: string;
  provider: string;
  /** The provider's own name of it. */
  name: string;
  contextWindow: number | null;
  maxOutputTokens: number | null;
  /** Null: unknown, and then not checked. */
  capabilities: readonly Capability[] | null;
  /** Null where it makes no vectors, or nobody has told. */
  embedding: EmbeddingLimits | null;
  price: Price | null;
}

export const DEMO_MODELS = ['echo', 'lorem', 'extract'] as const;

/** Listed by the price library but not chat models. */
const OTHER_KINDS =
  /embed|whisper|transcribe|tts|realtime|audio|image|moderation|instruct|davinci|babbage|curie|^ada|computer-use|^ft:|deep-research/;
const LISTED_PROVIDERS = ['openai', 'anthropic', 'openrouter'];
const PRICE_MAX_AGE_MS = 10 * 60_000;

/** The models known by name: the price library's, the demo ones, and those of `parley.yaml`, which win. */
export class Catalogue {
  private readonly own: ReadonlyMap<string, ModelSettings>;
  private readonly library = new Map<string, { info: ModelInfo | null; at: number }>();

  constructor(settings: readonly ModelSettings[]) {
    this.own = new Map(settings.map((model) => [model.id, model]));
  }

  /** Null when nothing is known of it; it can be called all the same. Prices are looked up anew every ten minutes. */
  find(provider: string, name: string): ModelInfo | null {
    const id = `${provider}/${name}`;
    const cached = this.library.get(id);
    if (cached && performance.now() - cached.at < PRICE_MAX_AGE_MS) return cached.info;
    const info = this.lookUp(provider, name);
    if (this.library.size >= 5_000) this.library.clear(); // names come from callers
    this.library.set(id, { info, at: performance.now() });
    return info;
  }

  /** Every model of one provider that can be named, for listings. */
  list(provider: string): ModelInfo[] {
    const names = new Set([
      ...(provider === 'demo' ? DEMO_MODELS : LISTED_PROVIDERS.includes(provider) ? libraryModels(provider) : []),
      ...embeddingModelsOf(provider),
    ]);
    for (const id of this.own.keys()) {
      const { owner, name } = splitModel(id);
      if (owner === provider) names.add(name);
    }
    return [...names].map((name) => this.find(provider, name)).filter((info) => info !== null);
  }

  private lookUp(provider: string, name: string): ModelInfo | null {
    const own = this.own.get(`${provider}/${name}`);
    const embedding = embeddingOf(own) ?? embeddingLimitsOf(provider, name);
    const price = own?.price ? priceFromSettings(own.price) : builtInPrice(provider, name, embedding);
    if (!own && !price && !embedding) return null;
    return {
      id: `${provider}/${name}`,
      provider,
      name,
      contextWindow: own?.context_window ?? contextWindow(provider, name),
      maxOutputTokens: own?.max_output_tokens ?? outputLimitOf(provider, name),
      capabilities: embedding ? ['embeddings'] : (own?.capabilities ?? capabilitiesOf(provider, name)),
      embedding,
      price,
    };
  }
}

/** A model of which nothing but its name is known. */
export const unpricedModel = (provider: string, name: string): ModelInfo => ({
  id: `${provider}/${name}`,
  provider,
  name,
  contextWindow: null,
  maxOutputTokens: null,
  capabilities: null,
  embedding: null,
  price: null,
});

/** As `parley.yaml` tells it. */
const embeddingOf = (own?: ModelSettings): EmbeddingLimits | null =>
  own?.embedding
    ? {
        ...UNKNOWN_EMBEDDING,
        dimensions: own.embedding.dimensions,
        ...(own.embedding.max_inputs && { maxInputs: own.embedding.max_inputs }),
      }
    : null;

function builtInPrice(provider: string, name: string, embedding: EmbeddingLimits | null): Price | null {
  const free =
    provider === 'local' ? embedding !== null : provider === 'demo' && DEMO_MODELS.some((known) => known === name);
  return free ? FREE : priceFromLibrary(provider, name, embedding === null);
}

/** `anthropic/claude-x` → owner and name, split at the first slash; a bare name has no owner. */
export function splitModel(model: string): { owner: string | null; name: string } {
  const slash = model.indexOf('/');
  return slash === -1 ? { owner: null, name: model } : { owner: model.slice(0, slash), name: model.slice(slash + 1) };
}

function libraryModels(provider: string): string[] {
  const models = findProvider({ providerId: provider })?.models ?? [];
  return models.filter(({ id, deprecated }) => !deprecated && !OTHER_KINDS.test(id)).map(({ id }) => id);
}

function contextWindow(provider: string, name: string): number | null {
  const models = findProvider({ providerId: provider })?.models ?? [];
  return models.find(({ id }) => id === name)?.context_window ?? null;
}
