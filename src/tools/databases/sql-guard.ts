import { ToolError } from '../tools.errors';

/** Functions that PostgreSQL takes for volatile and that harm nobody. */
export const HARMLESS = [
  'random',
  'random_normal',
  'clock_timestamp',
  'timeofday',
  'gen_random_uuid',
  'uuidv4',
  'uuidv7',
];

/**
 * Functions that change nothing and yet tell of more than the schemas: of the server, its settings and sessions (`pg_…`),
 * and of any table (`table_to_xml`).
 */
export const TELLING =
  '^(pg_(?!typeof$).*|.*_to_xml(schema|_and_xmlschema)?|current_setting|inet_(server|client)_(addr|port)|version|dblink.*|lo_.*)$';

export const otherSchema = (name: string, schemas: readonly string[]) =>
  new ToolError(`'${name}' is not among the schemas that may be read: ${schemas.join(', ')}.`);

export const forbiddenFunction = (name: string) =>
  new ToolError(`The function ${name} may not be called: it changes something, or tells of more than tables.`);

export const catalogTable = (name: string) =>
  new ToolError(`The table ${name} of the system may not be read. Leave 'sql' out to be told the tables there are.`);

/** A table as a plan names it. */
export interface PlannedRelation {
  schema: string;
  name: string;
}

/** The tables that a plan reads (`EXPLAIN (VERBOSE, FORMAT JSON)`). */
export function relationsOf(plan: unknown): PlannedRelation[] {
  if (typeof plan !== 'object' || plan === null) return [];
  const inside = Object.values(plan).flatMap(relationsOf);
  const { Schema: schema, 'Relation Name': name } = plan as Record<string, unknown>;
  return typeof schema === 'string' && typeof name === 'string' ? [{ schema, name }, ...inside] : inside;
}
