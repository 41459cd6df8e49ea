/**
 * JSON text that Postgres' `jsonb` takes: NUL characters and unpaired surrogates, which it refuses and models do
 * produce (half an emoji at the end of a cut stream), become U+FFFD.
 */
export function toJsonb(value: unknown): string {
  const json = JSON.stringify(value);
  if (!json.includes('\\u0000') && !json.includes('\\ud')) return json;
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'string' ? item.replaceAll('\0', '\uFFFD').toWellFormed() : item,
  );
}
