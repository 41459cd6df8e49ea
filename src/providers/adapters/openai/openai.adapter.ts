import { type ProviderConnection } from '../../providers.types';
import { OpenAiChat } from '../../wire/openai-chat';
import { type ChatDialect } from '../../wire/openai-dialect';

/** https://platform.openai.com/docs/api-reference/chat/create */
const OPENAI: ChatDialect = {
  maxTokensField: 'max_completion_tokens',
  refuses: [],
  reasoningEffort: (effort) => ({ reasoning_effort: effort }),
  joinsText: false,
  refusalField: true,
  reasoningEcho: null,
  vectors: 'base64',
  fields: {},
  headers: {},
};

export class OpenAiAdapter extends OpenAiChat {
  constructor(connection: ProviderConnection) {
    super(connection, OPENAI);
  }
}
