import { claudeModel } from './adapters/anthropic/anthropic.models';

/** Tokens of one answer, reasoning included. First match wins; taken from the models' pages at OpenAI. */
const OPENAI: readonly [model: RegExp, most: number][] = [
  [/^(gpt-3\.5|gpt-4-turbo|gpt-4-(0125|1106)-|gpt-4o-2024-05-13)/, 4096],
  [/^gpt-4(-0\d{3}|-32k|$)/, 8192],
  [/^(gpt-4o|chatgpt-4o|gpt-4\.5|gpt-[\d.]+-chat)/, 16_384],
  [/^(gpt-4\.1|o1-preview)/, 32_768],
  [/^o1-mini/, 65_536],
  [/^o[134]/, 100_000],
  [/^gpt-5-pro/, 272_000],
  [/^gpt-[5-9]/, 128_000],
];

/** The longest answer a model gives; null where nobody has told. OpenRouter's `openai/…` and `anthropic/…` are those models too. */
export function outputLimitOf(provider: string, model: string): number | null {
  const [, vendor = provider, name = model] = /^(openai|anthropic)\/(.+)$/.exec(model) ?? [];
  if (vendor === 'openai') return OPENAI.find(([pattern]) => pattern.test(name))?.[1] ?? null;
  return vendor === 'anthropic' ? claudeModel(name).maxOutput : null;
}
