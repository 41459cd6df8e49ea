/** Longest text of a provider that a caller is shown. */
const MESSAGE_LIMIT = 500;

const SECRETS = /\b(?:sk|pk|rk|gsk|xai|hf|r8|nvapi|parley)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|\bBearer\s+\S+/gi;

/** One line without keys, at most MESSAGE_LIMIT characters. */
export function masked(text: string, apiKey: string | null): string {
  const known = apiKey ? text.replaceAll(apiKey, '***') : text;
  const line = known.replace(SECRETS, '***').replace(/\s+/g, ' ').trim();
  return line.length > MESSAGE_LIMIT ? `${line.slice(0, MESSAGE_LIMIT)}…` : line;
}
