import OpenAI, { type ClientOptions } from 'openai';
import { type ParleyOptions, startParley, type TestParley } from './parley';
import { type Upstream, startUpstream } from './upstreams/upstream';
import { type TestUser } from './user';

/** The keys Parley holds for its providers. None of them may ever be seen outside. */
export const PROVIDER_KEYS = {
  OPENAI_API_KEY: 'sk-proj-parleys-own-openai-key-0001',
  ANTHROPIC_API_KEY: 'sk-ant-api03-parleys-own-anthropic-key-0002',
};

/** Parley with OpenAI and Anthropic behind it. */
export interface World {
  parley: TestParley;
  openai: Upstream;
  anthropic: Upstream;
  /** How the same providers are given to another process. */
  env: Record<string, string>;
  stop(): Promise<void>;
}

/** @param options may depend on where the upstreams are, for providers named in `yaml`. */
export async function startWorld(
  options: ParleyOptions | ((upstreams: { openai: Upstream; anthropic: Upstream }) => ParleyOptions) = {},
): Promise<World> {
  const [openai, anthropic] = await Promise.all([startUpstream('openai'), startUpstream('anthropic')]);
  const { env: more, ...rest } = typeof options === 'function' ? options({ openai, anthropic }) : options;
  const env = { ...PROVIDER_KEYS, OPENAI_BASE_URL: openai.url, ANTHROPIC_BASE_URL: anthropic.url, ...more };
  const parley = await startParley({ ...rest, env });
  const stop = async () => {
    await parley.stop();
    await Promise.all([openai.close(), anthropic.close()]);
  };
  return { parley, openai, anthropic, env, stop };
}

/** The official SDK, told nothing but where Parley is and a key. */
export async function sdk(user: TestUser, options: ClientOptions = {}): Promise<OpenAI> {
  const apiKey = await user.apiKey();
  return new OpenAI({ baseURL: `${user.parley.url}/v1`, apiKey, maxRetries: 0, logLevel: 'off', ...options });
}
