/** Attempts that another one followed are billed, but they are not requests of the caller's. */
const COUNTED = '(superseded IS NOT TRUE)';

/** What is summed, and what one row of `usage` adds to it. The roll-ups have a column of the same name for each. */
export const MEASURES = {
  requests: `${COUNTED}::int`,
  input_tokens: 'input_tokens',
  output_tokens: 'output_tokens',
  cached_tokens: 'cached_tokens',
  cost_usd: 'coalesce(cost_usd, 0)',
  unpriced: '(cost_usd IS NULL)::int',
  errors: `(outcome = 'error' AND ${COUNTED})::int`,
} as const;
export type Measure = keyof typeof MEASURES;

export const MEASURE_NAMES = Object.keys(MEASURES) as Measure[];

/** The measures of a row of `usage`, by name. */
export const OF_ROW = MEASURE_NAMES.map((name) => `${MEASURES[name]} AS ${name}`).join(', ');
/** Their sums, by name; nothing is zero. */
export const SUMS = MEASURE_NAMES.map((name) => `coalesce(sum(${name}), 0) AS ${name}`).join(', ');
