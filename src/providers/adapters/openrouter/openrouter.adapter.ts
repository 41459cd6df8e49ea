import { type ProviderConnection } from '../../providers.types';
import { OpenAiChat } from '../../wire/openai-chat';
import { type ChatDialect } from '../../wire/openai-dialect';

/**
 * https://openrouter.ai/docs/api-reference/parameters (there is no `n`),
 * https://openrouter.ai/docs/use-cases/reasoning-tokens (`reasoning`, and `reasoning_details` to be sent back),
 * https://openrouter.ai/docs/app-attribution (the headers).
 */
const OPENROUTER: ChatDialect = {
  maxTokensField: 'max_tokens',
  refuses: ['n'],
  reasoningEffort: (effort) => ({ reasoning: { effort: effort === 'max' ? 'xhigh' : effort } }),
  joinsText: false,
  refusalField: false,
  reasoningEcho: 'reasoning_details',
  vectors: 'base64',
  fields: { usage: { include: true } },
  headers: { 'HTTP-Referer': 'http://localhost', 'X-Title': 'Parley' },
};

export class OpenRouterAdapter extends OpenAiChat {
  constructor(connection: ProviderConnection) {
    super(connection, OPENROUTER);
  }
}
