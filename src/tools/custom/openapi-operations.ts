import { type SideEffects } from '../tools.types';
import { jsonSize } from '../json-size';
import { compile } from '../arguments';
import { type HttpOperation, METHODS, type SkippedOperation } from './custom-tools.types';
import { uniqueName } from './names';
import { argumentsOf } from './openapi-arguments';
import { isObject, type Json, type OpenApiDocument, resolve, Unusable, wrong } from './openapi-document';
import { mistakeOf } from './url-template';

/** Of one document. Models choose badly among more. */
export const MOST_OPERATIONS = 100;
/** Characters that a model is told of an operation, and bytes of the schema of its arguments. */
const MOST_DESCRIPTION = 2_000;
const MOST_SCHEMA_BYTES = 32 * 1024;

/** What is chosen of a document, and how it is called. */
export interface OperationOptions {
  prefix: string | null;
  /** `operationId`s; null for all. */
  only: readonly string[] | null;
  /** Instead of the document's servers. */
  baseUrl: string | null;
  /** Where the document came from, for servers told relative to it. */
  documentUrl: string | null;
  headerNames: readonly string[];
  idempotencyHeader: string | null;
  timeoutMs: number;
}

interface Found {
  /** Its `operationId`, else its method and path. */
  id: string;
  method: HttpOperation['method'];
  path: string;
  shared: Json;
  operation: Json;
}

/**
 * The operations of a document as tools, and those that can't be. Throws `validation_failed` when one was asked for that is
 * not there or can't be one, when there are too many, or when none is left.
 */
export function toOperations(
  document: OpenApiDocument,
  options: OperationOptions,
): { operations: HttpOperation[]; skipped: SkippedOperation[] } {
  const all = operationsOf(document);
  const { only } = options;
  const missing = only?.find((id) => !all.some((one) => one.id === id));
  if (missing !== undefined) throw wrong(`it has no operation '${missing}'.`, 'operations');
  const chosen = only ? all.filter(({ id }) => only.includes(id)) : all;
  if (chosen.length > MOST_OPERATIONS) {
    throw wrong(`it has ${chosen.length} operations: choose at most ${MOST_OPERATIONS}.`, 'operations');
  }
  const operations: HttpOperation[] = [];
  const skipped: SkippedOperation[] = [];
  for (const one of chosen) {
    try {
      const name = uniqueName(
        [options.prefix, one.id].filter(Boolean).join('_'),
        null,
        operations.map((o) => o.name),
      );
      operations.push({ name, ...toOperation(document, one, options) });
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      if (only) throw wrong(`the operation '${one.id}' can't be a tool: ${error.message}.`, 'operations');
      skipped.push({ operation: one.id, reason: error.message });
    }
  }
  if (operations.length === 0)
    throw wrong(skipped[0] ? `${skipped[0].operation}: ${skipped[0].reason}.` : 'it has no operations.');
  return { operations, skipped };
}

function operationsOf(document: OpenApiDocument): Found[] {
  return Object.entries(document.paths).flatMap(([path, item]) => {
    const shared = resolveItem(document, item);
    if (!shared || !path.startsWith('/')) return [];
    return METHODS.flatMap((method): Found[] => {
      const operation = shared[method.toLowerCase()];
      if (!isObject(operation)) return [];
      const id = operation['operationId'];
      return [
        { id: typeof id === 'string' && id ? id : `${method.toLowerCase()}${path}`, method, path, shared, operation },
      ];
    });
  });
}

function resolveItem(document: OpenApiDocument, item: unknown): Json | null {
  try {
    const found = resolve(document, item);
    return isObject(found) ? found : null;
  } catch (error) {
    if (error instanceof Unusable) return null;
    throw error;
  }
}

function toOperation(document: OpenApiDocument, found: Found, options: OperationOptions): Omit<HttpOperation, 'name'> {
  const { method, path, shared, operation } = found;
  const fixed = [...options.headerNames, options.idempotencyHeader ?? ''].map((name) => name.toLowerCase());
  const taken = argumentsOf(document, path, [shared, operation], fixed);
  const url = serverOf(document, found, options) + taken.url;
  const mistake = mistakeOf(url);
  if (mistake !== null) throw new Unusable(`its address is ${url}: ${mistake}`);
  if (jsonSize(taken.parameters) > MOST_SCHEMA_BYTES) {
    throw new Unusable(`the schema of its arguments has more than ${MOST_SCHEMA_BYTES} bytes`);
  }
  compiles(taken.parameters);
  const sideEffects: SideEffects = ['GET', 'HEAD'].includes(method) ? 'reads' : 'writes';
  return {
    ...taken,
    description: descriptionOf(found),
    method,
    url,
    sideEffects,
    idempotencyHeader: sideEffects === 'writes' ? options.idempotencyHeader : null,
    timeoutMs: options.timeoutMs,
    priceUsd: '0',
  };
}

function compiles(schema: Json): void {
  try {
    compile(schema);
  } catch (error) {
    throw new Unusable(`the schema of its arguments is none: ${(error as Error).message}`);
  }
}

function descriptionOf({ operation, method, path }: Found): string {
  const told = [operation['summary'], operation['description']].filter((text) => typeof text === 'string' && text);
  return [...new Set(told)].join('\n').slice(0, MOST_DESCRIPTION).toWellFormed() || `${method} ${path}`;
}

/** The address before the path, without a slash at its end. */
function serverOf(document: OpenApiDocument, { operation, shared }: Found, options: OperationOptions): string {
  if (options.baseUrl !== null) return options.baseUrl.replace(/\/+$/, '');
  const lists = [operation['servers'], shared['servers'], document['servers']];
  const [server] = (lists.find((list) => Array.isArray(list) && list.length > 0) ?? []) as unknown[];
  if (!isObject(server) || typeof server['url'] !== 'string') throw new Unusable('it has no server: give a base_url');
  const variables = isObject(server['variables']) ? server['variables'] : {};
  const url = server['url'].replaceAll(/\{([^{}]+)\}/g, (_, name: string) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : null;
    return isObject(variable) ? String(variable['default']) : '';
  });
  if (!URL.canParse(url, options.documentUrl ?? undefined)) {
    throw new Unusable(`its server ${url} is not a whole address: give a base_url`);
  }
  return new URL(url, options.documentUrl ?? undefined).href.replace(/\/+$/, '');
}
