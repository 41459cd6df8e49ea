import { type TestParley } from './parley';
import { until } from './until';

export interface UsageRow {
  id: string;
  call_id: string;
  superseded: boolean;
  workspace_id: string;
  user_id: string;
  api_key_id: string | null;
  end_user: string | null;
  kind: string;
  provider: string;
  model: string;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  cache_write_tokens: number;
  reasoning_tokens: number;
  /** Twelve decimals, as Postgres has it. */
  cost_usd: string | null;
  estimated: boolean;
  outcome: string;
  error_code: string | null;
  message_id: string | null;
}

/** What the one call of a request was billed as, once it is: its last attempt. */
export async function usageRow(parley: TestParley, requestId: string): Promise<UsageRow> {
  const rows = await usageRows(parley, requestId);
  const [row, ...more] = rows.filter(({ superseded }) => !superseded);
  if (!row || more.length > 0) throw new Error(`${more.length + 1} usage rows of request ${requestId}`);
  return row;
}

/** Everything a request was billed, a row for each attempt, once none is open any more. At least one row. */
export async function usageRows({ database }: TestParley, requestId: string): Promise<UsageRow[]> {
  const find = () => database.query<UsageRow>('SELECT * FROM usage WHERE request_id = $1 ORDER BY id', [requestId]);
  const open = () => database.query(`SELECT FROM call_leases WHERE tally ->> 'request_id' = $1`, [requestId]);
  await until(find, (rows) => rows.length > 0);
  await until(open, (leases) => leases.length === 0);
  return find();
}

/** Resolves when no call is under way and none is owed. */
export async function noLeases({ database }: TestParley, withinMs?: number): Promise<void> {
  const find = () => database.query('SELECT tally FROM call_leases');
  await until(find, (leases) => leases.length === 0, withinMs);
}
