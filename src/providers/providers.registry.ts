import { type Config } from '../platform/config/config.service';
import { AnthropicAdapter } from './adapters/anthropic/anthropic.adapter';
import { DemoAdapter } from './adapters/demo/demo.adapter';
import { OpenAiCompatibleAdapter } from './adapters/openai-compatible/openai-compatible.adapter';
import { OpenAiAdapter } from './adapters/openai/openai.adapter';
import { OpenRouterAdapter } from './adapters/openrouter/openrouter.adapter';
import { type ProviderAdapter } from './providers.types';

export interface ProviderKind {
  id: string;
  /** What to set in the environment to have it; null when it needs nothing. */
  variable: string | null;
  /** Those configured: none, one, or several where several servers can be named. */
  create(config: Config): ProviderAdapter[];
}

/** Adding a provider: one folder in adapters/, one line here. */
export const PROVIDERS: readonly ProviderKind[] = [
  {
    id: 'anthropic',
    variable: 'ANTHROPIC_API_KEY',
    create: ({ env }) => withKey('anthropic', env.ANTHROPIC_API_KEY, env.ANTHROPIC_BASE_URL, AnthropicAdapter),
  },
  {
    id: 'openai',
    variable: 'OPENAI_API_KEY',
    create: ({ env }) => withKey('openai', env.OPENAI_API_KEY, env.OPENAI_BASE_URL, OpenAiAdapter),
  },
  {
    id: 'openrouter',
    variable: 'OPENROUTER_API_KEY',
    create: ({ env }) => withKey('openrouter', env.OPENROUTER_API_KEY, env.OPENROUTER_BASE_URL, OpenRouterAdapter),
  },
  {
    id: 'openai-compatible',
    variable: 'OPENAI_COMPATIBLE_BASE_URL',
    create: ({ env, yaml }) => [
      ...(env.OPENAI_COMPATIBLE_BASE_URL
        ? [
            new OpenAiCompatibleAdapter({
              id: 'openai-compatible',
              apiKey: env.OPENAI_COMPATIBLE_API_KEY ?? null,
              baseUrl: env.OPENAI_COMPATIBLE_BASE_URL,
            }),
          ]
        : []),
      ...yaml.providers.map(
        ({ id, api_key, base_url }) => new OpenAiCompatibleAdapter({ id, apiKey: api_key ?? null, baseUrl: base_url }),
      ),
    ],
  },
  { id: 'demo', variable: null, create: ({ yaml }) => (yaml.demo ? [new DemoAdapter()] : []) },
];

type AdapterClass = new (connection: { id: string; apiKey: string; baseUrl: string }) => ProviderAdapter;

const withKey = (id: string, apiKey: string | undefined, baseUrl: string, Adapter: AdapterClass): ProviderAdapter[] =>
  apiKey ? [new Adapter({ id, apiKey, baseUrl })] : [];
