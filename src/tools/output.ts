/** What came out of a tool, as the model is told it; `truncated` when there was more than `most` characters. */
export function toContent(output: unknown, most: number): { content: string; truncated: boolean } {
  const whole = typeof output === 'string' ? output : JSON.stringify(output ?? null);
  const text = whole.toWellFormed().replaceAll('\0', '\uFFFD');
  if (text.length <= most) return { content: text, truncated: false };
  const mark = `\n[Cut here: ${most} of ${text.length} characters are shown.]`;
  return { content: text.slice(0, most).toWellFormed() + mark, truncated: true };
}

/** As many, from the first, as take `most` characters of JSON together; one at least. */
export function fitting<T>(items: readonly T[], most: number): T[] {
  let left = most;
  const over = items.findIndex((item) => (left -= JSON.stringify(item).length + 1) < 0);
  return items.slice(0, over < 0 ? undefined : Math.max(over, 1));
}
