import { type Ask } from './database-sessions.repository';
import { type RegisteredDatabase } from './databases.types';
import {
  catalogTable,
  forbiddenFunction,
  HARMLESS,
  otherSchema,
  type PlannedRelation,
  relationsOf,
  TELLING,
} from './sql-guard';
import { namesOf } from './sql-names';

/** Characters of one row, and of all. */
const MOST_ROW = 20_000;
const MOST_RESULT = 200_000;
const BATCH = 50;

/** Rows as JSON, in the order of their columns: numbers keep all of their digits. */
const AS_JSON = (sql: string) => `SELECT left(row_to_json(q)::text, ${MOST_ROW + 1}) AS row FROM (\n${sql}\n) AS q`;

/** What of these names must not be there: schemas that are not listed, tables of the system, functions. */
const FOUND = `
  SELECT 'schema' AS kind, nspname AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY ($2) AND nspname <> ALL ($1)
  UNION ALL
  SELECT 'table', relname FROM pg_catalog.pg_class
  WHERE relnamespace = 'pg_catalog'::pg_catalog.regnamespace AND relname = ANY ($3)
  UNION ALL
  SELECT 'function', p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
  WHERE p.proname = ANY ($4) AND (n.nspname = 'pg_catalog' OR n.nspname = ANY ($1))
    AND (p.provolatile = 'v' AND NOT (n.nspname = 'pg_catalog' AND p.proname = ANY ($5)) OR p.proname ~ $6)
  LIMIT 1`;

/** Of tables in other schemas those that no view, partition or heir in the listed ones leads to. */
const OUTSIDE = `
  WITH RECURSIVE allowed (oid) AS (
    SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY ($1)
    UNION
    SELECT further.oid FROM allowed a, LATERAL (
      SELECT d.refobjid AS oid FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d ON d.objid = r.oid
      WHERE r.ev_class = a.oid AND d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
      UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i WHERE i.inhparent = a.oid) AS further)
  SELECT n.nspname AS schema FROM ROWS FROM (pg_catalog.unnest($2::text[]), pg_catalog.unnest($3::text[])) AS planned (schema, name)
    JOIN pg_catalog.pg_namespace n ON n.nspname = planned.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = planned.name
  WHERE c.oid NOT IN (SELECT oid FROM allowed) LIMIT 1`;

const TABLES = `
  SELECT c.table_schema AS schema, c.table_name AS name,
    string_agg(format('%I %s%s', c.column_name, c.data_type, CASE WHEN c.is_nullable = 'NO' THEN ' not null' END), ', '
      ORDER BY c.ordinal_position) AS columns
  FROM information_schema.columns c WHERE c.table_schema = ANY ($1)
  GROUP BY c.table_schema, c.table_name ORDER BY 1, 2 LIMIT 500`;

/** The tables and views that may be read, with their columns: a line each. */
export async function describe(ask: Ask, { schemas }: RegisteredDatabase): Promise<string> {
  const tables = await ask<{ schema: string; name: string; columns: string }>(TABLES, [schemas]);
  if (tables.length === 0) return `There are no tables in ${schemas.join(', ')} that may be read.`;
  return tables.map(({ schema, name, columns }) => `${schema}.${name} (${columns})`).join('\n');
}

/**
 * The rows of a statement, as JSON `{ rows, truncated }`. Throws ToolError for one that names what is not in the schemas, or
 * calls what it must not; and what the database throws, which takes one SELECT, VALUES or TABLE that changes nothing.
 */
export async function select(ask: Ask, database: RegisteredDatabase, given: string): Promise<string> {
  const sql = given.trim().replace(/;$/, '');
  await guard(ask, database, sql);
  const statement = AS_JSON(sql);
  await assertPlanned(ask, database, statement);
  await ask(`DECLARE parley_rows NO SCROLL CURSOR FOR ${statement}`);
  const rows: string[] = [];
  let characters = 0;
  for (;;) {
    const batch = await ask<{ row: string }>(`FETCH ${BATCH} FROM parley_rows`);
    for (const { row } of batch) {
      const shown = row.length > MOST_ROW ? JSON.stringify(`${row.slice(0, MOST_ROW).toWellFormed()} [cut]`) : row;
      characters += shown.length;
      if (rows.length === database.max_rows || characters > MOST_RESULT) return result(rows, true);
      rows.push(shown);
    }
    if (batch.length < BATCH) return result(rows, false);
  }
}

const result = (rows: readonly string[], truncated: boolean) =>
  `{"rows":[${rows.join(',\n')}],"row_count":${rows.length},"truncated":${truncated}}`;

async function guard(ask: Ask, { schemas }: RegisteredDatabase, sql: string): Promise<void> {
  const { all, qualifiers, called } = namesOf(sql);
  const system = qualifiers.find((name) => name.startsWith('pg_') && !schemas.includes(name));
  if (system !== undefined) throw otherSchema(system, schemas);
  const parameters = [schemas, qualifiers, all, called, HARMLESS, TELLING];
  const [found] = await ask<{ kind: 'schema' | 'table' | 'function'; name: string }>(FOUND, parameters);
  if (!found) return;
  if (found.kind === 'schema') throw otherSchema(found.name, schemas);
  throw found.kind === 'table' ? catalogTable(found.name) : forbiddenFunction(found.name);
}

/** Says the same as `guard` by other means: what would be read, not what is named. */
async function assertPlanned(ask: Ask, { schemas }: RegisteredDatabase, statement: string): Promise<void> {
  const plan = await ask<Record<string, unknown>>(`EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) ${statement}`);
  const outside: PlannedRelation[] = relationsOf(plan).filter(({ schema }) => !schemas.includes(schema));
  if (outside.length === 0) return;
  const planned = [outside.map(({ schema }) => schema), outside.map(({ name }) => name)];
  const [found] = await ask<{ schema: string }>(OUTSIDE, [schemas, ...planned]);
  if (found) throw otherSchema(found.schema, schemas);
}
