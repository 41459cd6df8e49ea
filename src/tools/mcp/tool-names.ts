import { createHash } from 'node:crypto';

const LONGEST = 64;
const DIGITS = 8;

/**
 * What a model calls a tool of a server by: `<server>__<tool>`, within `[a-zA-Z0-9_-]{1,64}` as providers want it. Names
 * that don't fit are cut, and end in some digits of their hash, so that two of them stay two.
 * @param server has no `__` in it, and neither begins nor ends with `_`
 */
export function toolName(server: string, tool: string): string {
  const fitting = tool.replaceAll(/[^a-zA-Z0-9_-]/g, '_');
  const whole = `${server}__${fitting}`;
  if (fitting === tool && whole.length <= LONGEST) return whole;
  const digits = createHash('sha256').update(tool).digest('hex').slice(0, DIGITS);
  return `${whole.slice(0, LONGEST - DIGITS - 1)}_${digits}`;
}
