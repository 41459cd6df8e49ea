/** What a model can do beyond text. Checked only where it is known. */
export type Capability = 'vision' | 'tools' | 'json_schema' | 'reasoning' | 'embeddings';

/** First match wins; taken from the providers' model pages. A model no row matches has unknown capabilities. */
const KNOWN: readonly [provider: string, model: RegExp, capabilities: Capability[]][] = [
  ['openai', /^(gpt-3\.5|gpt-4-0613|gpt-4-32k|gpt-4$)/, ['tools']],
  ['openai', /^gpt-4(-turbo|o-2024-05-13)/, ['vision', 'tools']],
  ['openai', /^(gpt-4o|gpt-4\.1)/, ['vision', 'tools', 'json_schema']],
  ['openai', /^o3-mini/, ['tools', 'json_schema', 'reasoning']],
  ['openai', /^(o1-mini|o1-preview)/, ['reasoning']],
  ['openai', /^(gpt-[5-9]|o[134])/, ['vision', 'tools', 'json_schema', 'reasoning']],
  ['anthropic', /^claude-3-5-haiku/, ['tools', 'vision', 'json_schema']],
  ['anthropic', /^claude-3-7/, ['vision', 'tools', 'json_schema', 'reasoning']],
  ['anthropic', /^claude-3/, ['vision', 'tools', 'json_schema']],
  ['anthropic', /^claude-[a-z]+-[4-9]/, ['vision', 'tools', 'json_schema', 'reasoning']],
  ['demo', /^/, ['vision', 'tools', 'json_schema']],
];

export const capabilitiesOf = (provider: string, model: string): readonly Capability[] | null =>
  KNOWN.find(([owner, pattern]) => owner === provider && pattern.test(model))?.[2] ?? null;
