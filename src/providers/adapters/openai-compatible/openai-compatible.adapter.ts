import { type ProviderConnection } from '../../providers.types';
import { OpenAiChat } from '../../wire/openai-chat';
import { type ChatDialect } from '../../wire/openai-dialect';

/** vLLM, llama.cpp, Ollama, Groq, DeepSeek, Mistral, Together …: what they have in common. */
const COMPATIBLE: ChatDialect = {
  maxTokensField: 'max_tokens',
  refuses: [],
  reasoningEffort: (effort) => ({ reasoning_effort: effort }),
  joinsText: true,
  refusalField: false,
  reasoningEcho: 'reasoning_content',
  vectors: null,
  fields: {},
  headers: {},
};

export class OpenAiCompatibleAdapter extends OpenAiChat {
  constructor(connection: ProviderConnection) {
    super(connection, COMPATIBLE);
  }

  /** https://platform.openai.com/docs/api-reference/models/list, which all of them serve. */
  models(signal: AbortSignal): Promise<string[]> {
    return this.listModels(signal);
  }
}
