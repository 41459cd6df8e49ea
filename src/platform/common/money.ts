/** Money in code: whole units of 10⁻¹² USD. */
export type PicoUsd = bigint;

export const PICO_PER_USD = 1_000_000_000_000n;

/** Null, not known, as soon as one of them is. */
export const sumOf = (a: PicoUsd | null, b: PicoUsd | null): PicoUsd | null =>
  a === null || b === null ? null : a + b;

/** What is left of an amount, when more may have been taken than there was. */
export const atLeastZero = (amount: PicoUsd): PicoUsd => (amount < 0n ? 0n : amount);

/** Decimal text without exponent (`"0.000420"`) to units. Digits past the twelfth are refused, not rounded. */
export function parseUsd(text: string): PicoUsd {
  const match = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(text);
  if (!match) throw new RangeError(`Not an amount of USD with at most 12 decimals: ${JSON.stringify(text)}`);
  const [, sign, whole = '0', fraction = ''] = match;
  const units = BigInt(whole) * PICO_PER_USD + BigInt(fraction.padEnd(12, '0'));
  return sign ? -units : units;
}

/** Units to decimal text: at least six decimals, at most twelve, no exponent. `420000000n` → `"0.000420"`. */
export function formatUsd(amount: PicoUsd): string {
  const sign = amount < 0n ? '-' : '';
  const units = amount < 0n ? -amount : amount;
  const fraction = (units % PICO_PER_USD)
    .toString()
    .padStart(12, '0')
    .replace(/0{1,6}$/, '');
  return `${sign}${units / PICO_PER_USD}.${fraction}`;
}
