import { type DataSource } from 'typeorm';

/** Something that waits for a worker, and its place among what its workspace has waiting, from 1. */
export type InTurn<T> = T & { turn: number };

/**
 * Workspaces take turns: who has thousands of things waiting does not keep another's first one waiting.
 * @param waiting the condition on the rows of `table` that wait; it has `id` and `workspace_id`
 */
export async function inTurn<T>(
  db: DataSource,
  { table, waiting }: { table: string; waiting: string },
  rows: readonly T[],
  idOf: (row: T) => string,
): Promise<InTurn<T>[]> {
  if (rows.length === 0) return [];
  const lines = await db.query<{ id: string; turn: number }[]>(
    `SELECT id, turn::int FROM (
       SELECT id, row_number() OVER (PARTITION BY workspace_id ORDER BY id) AS turn FROM ${table}
       WHERE ${waiting} AND workspace_id IN (SELECT workspace_id FROM ${table} WHERE id = ANY ($1))) AS line
     WHERE id = ANY ($1)`,
    [rows.map(idOf)],
  );
  const turns = new Map(lines.map(({ id, turn }) => [id, turn]));
  return rows.map((row) => ({ ...row, turn: turns.get(idOf(row)) ?? 1 }));
}
