import { setImmediate as otherWork } from 'node:timers/promises';
import { z } from 'zod';
import { compile, warmUp } from '../arguments';
import { jsonSize } from '../json-size';
import { type JsonSchema } from '../tools.types';
import { type ListedTool } from './mcp.types';

/** Of one server: more than a model can be given anyway. */
export const MOST_TOOLS = 128;
const LONGEST_NAME = 256;
/** Characters of what a model is told of a tool. */
const LONGEST_DESCRIPTION = 4_000;
/** Characters of JSON. */
const LONGEST_SCHEMA = 32_768;
const LONGEST_SCHEMAS = 512 * 1024;

/** Of all schemas together: each takes a millisecond or two. */
const LONGEST_READING_MS = 1_000;

/** One of them may be wrong without the others. */
const listed = z.looseObject({
  name: z.string().min(1).max(LONGEST_NAME),
  title: z.string().optional(),
  description: z.string().optional(),
  inputSchema: z.looseObject({ type: z.literal('object') }),
  outputSchema: z.looseObject({}).optional(),
  annotations: z
    .looseObject({ readOnlyHint: z.boolean().optional(), idempotentHint: z.boolean().optional() })
    .optional(),
});

/**
 * The tools of a server that can be used, as it listed them. Left out are those after the first so many, those that come
 * twice, and those that aren't described as the protocol says, or with schemas that are none or too long.
 * @param allowed what the server calls those that are wanted; null for all
 */
export async function usableTools(given: readonly unknown[], allowed: readonly string[] | null): Promise<ListedTool[]> {
  const tools = new Map<string, ListedTool>();
  let left = LONGEST_SCHEMAS;
  let readMs = 0;
  warmUp();
  for (const one of given) {
    const { success, data } = listed.safeParse(one);
    if (!success || tools.has(data.name) || (allowed && !allowed.includes(data.name))) continue;
    const size = jsonSize(data.inputSchema);
    await otherWork();
    const began = performance.now();
    const usable = size <= left && isUsable(data.inputSchema);
    readMs += performance.now() - began;
    if (readMs > LONGEST_READING_MS) break; // nobody writes such schemas by mistake
    if (!usable) continue;
    left -= size;
    tools.set(data.name, {
      name: data.name,
      description: (data.description ?? data.title ?? '').slice(0, LONGEST_DESCRIPTION).toWellFormed(),
      input_schema: data.inputSchema,
      output_schema: data.outputSchema && jsonSize(data.outputSchema) <= LONGEST_SCHEMA ? data.outputSchema : null,
      read_only: data.annotations?.readOnlyHint ?? null,
      idempotent: data.annotations?.idempotentHint ?? null,
    });
    if (tools.size === MOST_TOOLS) break;
  }
  return [...tools.values()];
}

function isUsable(schema: JsonSchema): boolean {
  if (jsonSize(schema) > LONGEST_SCHEMA) return false;
  try {
    compile(schema);
    return true;
  } catch {
    return false;
  }
}
