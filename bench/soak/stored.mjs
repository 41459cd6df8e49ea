import { wordsTo } from './clients.mjs';

/** Checks what the database has of it in the end, and counts it. `ids`: of the requests that reached the provider. */
export async function stored(database, ids, soak) {
  const rows = async (sql, values) => (await database.query(sql, values)).rows;

  const [{ leases }] = await rows('SELECT count(*)::int AS leases FROM call_leases');
  if (leases > 0) soak.violated(`${leases} leases are left`);

  const messages = await rows(`SELECT id, status, model, parts FROM messages WHERE role = 'assistant'`);
  for (const { id, status, model, parts } of messages) {
    const text = parts.map((part) => part.text ?? '').join('');
    const [, count] = /w-(\d+)-/.exec(model ?? '') ?? [];
    if (status === 'running') soak.violated(`message ${id} is still running`);
    if (status === 'complete' ? text !== wordsTo(Number(count)) : !wordsTo(Number(count ?? 0)).startsWith(text))
      soak.violated(`message ${id} is ${status}, and says '${text}'`);
  }

  const calls = await rows(
    `SELECT call_id, count(*) FILTER (WHERE NOT superseded)::int AS counting, min(request_id) AS request_id
     FROM usage GROUP BY call_id`,
  );
  for (const { call_id, counting } of calls)
    if (counting !== 1) soak.violated(`call ${call_id} has ${counting} rows that count`);
  const billed = new Set(calls.map(({ request_id }) => request_id));
  if (billed.size !== calls.length) soak.violated(`${calls.length} calls were billed for ${billed.size} requests`);
  for (const id of ids) if (!billed.has(id)) soak.violated(`request ${id} reached the provider and was not billed`);

  const [{ attempts }] = await rows('SELECT count(*)::int AS attempts FROM usage');
  return { messages: messages.length, calls: calls.length, attempts };
}
