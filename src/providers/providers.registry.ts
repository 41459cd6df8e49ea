import { type Config } from '../platform/config/config.service';
import type * as anthropic from './adapters/anthropic/anthropic.adapter';
import { DemoAdapter } from './adapters/demo/demo.adapter';
import { LocalAdapter } from './adapters/local/local.adapter';
import type * as compatible from './adapters/openai-compatible/openai-compatible.adapter';
import type * as openai from './adapters/openai/openai.adapter';
import type * as openrouter from './adapters/openrouter/openrouter.adapter';
import { type ProviderAdapter, type ProviderConnection } from './providers.types';

/* eslint-disable @typescript-eslint/no-require-imports -- each SDK is some 250 modules: loaded where its provider is configured */

export interface ProviderKind {
  id: string;
  /** What to set in the environment to have it; null when it needs nothing. */
  variable: string | null;
  /** Where those configured are, and the key the environment has for each; `keys` of parley.yaml may have more. */
  connections(config: Config): ProviderConnection[];
  adapter: () => new (connection: ProviderConnection) => ProviderAdapter;
}

/** Adding a provider: one folder in adapters/, one line here. */
export const PROVIDERS: readonly ProviderKind[] = [
  {
    id: 'anthropic',
    variable: 'ANTHROPIC_API_KEY',
    connections: (config) => withKey('anthropic', config.env.ANTHROPIC_API_KEY, config.env.ANTHROPIC_BASE_URL, config),
    adapter: () => (require('./adapters/anthropic/anthropic.adapter') as typeof anthropic).AnthropicAdapter,
  },
  {
    id: 'openai',
    variable: 'OPENAI_API_KEY',
    connections: (config) => withKey('openai', config.env.OPENAI_API_KEY, config.env.OPENAI_BASE_URL, config),
    adapter: () => (require('./adapters/openai/openai.adapter') as typeof openai).OpenAiAdapter,
  },
  {
    id: 'openrouter',
    variable: 'OPENROUTER_API_KEY',
    connections: (config) =>
      withKey('openrouter', config.env.OPENROUTER_API_KEY, config.env.OPENROUTER_BASE_URL, config),
    adapter: () => (require('./adapters/openrouter/openrouter.adapter') as typeof openrouter).OpenRouterAdapter,
  },
  {
    id: 'openai-compatible',
    variable: 'OPENAI_COMPATIBLE_BASE_URL',
    connections: ({ env: { OPENAI_COMPATIBLE_BASE_URL: baseUrl, OPENAI_COMPATIBLE_API_KEY: apiKey }, yaml }) => [
      ...(baseUrl ? [{ id: 'openai-compatible', apiKey: apiKey ?? null, baseUrl }] : []),
      ...yaml.providers.map(({ id, api_key, base_url }) => ({ id, apiKey: api_key ?? null, baseUrl: base_url })),
    ],
    adapter: () =>
      (require('./adapters/openai-compatible/openai-compatible.adapter') as typeof compatible).OpenAiCompatibleAdapter,
  },
  {
    id: 'demo',
    variable: null,
    connections: ({ yaml }) => (yaml.demo ? [{ id: 'demo', apiKey: null, baseUrl: '' }] : []),
    adapter: () => DemoAdapter,
  },
  {
    id: 'local',
    variable: null,
    connections: () => [{ id: 'local', apiKey: null, baseUrl: '' }],
    adapter: () => LocalAdapter,
  },
];

/** A provider that can't be used without a key. */
const withKey = (id: string, apiKey: string | undefined, baseUrl: string, { yaml }: Config): ProviderConnection[] =>
  apiKey || yaml.keys[id] ? [{ id, apiKey: apiKey ?? null, baseUrl }] : [];
