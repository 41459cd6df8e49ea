/**
 * The sums of a budget are those of one window, which begins at `window_start`. Windows are calendar days and months in
 * UTC; `total` has one, without a beginning.
 */
const CURRENT = `CASE period WHEN 'total' THEN '-infinity'::timestamptz ELSE date_trunc(period, now(), 'UTC') END`;

/** Never backwards: a statement that had to wait over midnight finds a window that is newer than its own `now()`. */
export const WINDOW = `greatest(window_start, ${CURRENT})`;

/** A sum of the window `starts_at`: zero when the row still has those of an earlier one. */
export const inWindow = (column: string): string => `CASE WHEN window_start = starts_at THEN ${column} ELSE 0 END`;

/** When the window that begins at `starts_at` ends; null for `total`. */
export const RESETS_AT = `CASE period WHEN 'total' THEN NULL
  ELSE (starts_at AT TIME ZONE 'UTC' + ('1 ' || period)::interval) AT TIME ZONE 'UTC' END`;

/** The highest share of a limit that is spent; null when none of `alert_at` is. */
export const reached = (usd: string, tokens: string): string => `(
  SELECT max(threshold) FROM unnest(alert_at) AS threshold
  WHERE ${usd} >= threshold * limit_usd OR ${tokens} >= threshold * limit_tokens)`;

/** Writes an alert ($1 its id) of the budget $2: the sums and limits are those that raised it. To be told where it has an address. */
export const RAISE_ALERT = `
  INSERT INTO budget_alerts (id, budget_id, threshold, window_start, spent_usd, spent_tokens, limit_usd, limit_tokens, next_attempt_at)
  SELECT $1, id, alerted, window_start, spent_usd, spent_tokens, limit_usd, limit_tokens,
    CASE WHEN alert_url IS NULL THEN NULL ELSE now() END
  FROM budgets WHERE id = $2`;

const SUMS_LOCK = `hashtext('budget_sums')`;

/**
 * Locks of workspaces, in one order: shared by whoever writes usage rows, alone for whoever makes a budget out of those there
 * are. Each row is either summed up then, or added afterwards.
 * @param workspaces rows of one column
 */
export const SUMS_LOCKED = (workspaces: string): string =>
  `SELECT pg_advisory_xact_lock_shared(${SUMS_LOCK}, lock)::text FROM (
     SELECT DISTINCT hashtext(id::text) AS lock FROM ${workspaces} AS w (id) ORDER BY lock) AS locks`;
export const SUMS_LOCKED_ALONE = `SELECT pg_advisory_xact_lock(${SUMS_LOCK}, hashtext($1::uuid::text))`;
