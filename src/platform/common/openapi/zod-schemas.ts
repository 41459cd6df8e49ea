import { z } from 'zod';

const named = new Map<string, object>();

/** A reference to a zod schema, which the OpenAPI document then has among its components under `name`. */
export function zodSchema(name: string, schema: z.ZodType): { $ref: string } {
  if (named.has(name)) throw new Error(`two schemas are named ${name}`);
  named.set(name, z.toJSONSchema(schema, { io: 'input', target: 'openapi-3.0', unrepresentable: 'any' }));
  return { $ref: `#/components/schemas/${name}` };
}

export const zodSchemas = (): Record<string, object> => Object.fromEntries(named);
