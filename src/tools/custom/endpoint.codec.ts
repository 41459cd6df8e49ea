import { validationFailed } from '../../platform/common/errors/validation';
import { compile } from '../arguments';
import { jsonSize } from '../json-size';
import { type JsonSchema } from '../tools.types';
import { type EndpointBody } from './custom-tools.schema';
import { type HttpOperation } from './custom-tools.types';
import { variablesOf } from './url-template';

const READS = ['GET', 'HEAD'];
/** Whose bodies have a meaning (RFC 9110, 9.3). */
const WITH_BODY = ['POST', 'PUT', 'PATCH'];
const MOST_SCHEMA_BYTES = 32 * 1024;

/** Throws `validation_failed` for a schema that is none, or lacks a variable of the URL. */
export function toOperation(body: EndpointBody): HttpOperation {
  const variables = variablesOf(body.url);
  const parameters = body.input_schema ?? textOfEach(variables);
  const mistake = mistakeOf(parameters, variables);
  if (mistake !== null) throw validationFailed([{ field: 'input_schema', message: `input_schema: ${mistake}` }]);
  return {
    name: body.name,
    description: body.description,
    method: body.method,
    url: body.url,
    parameters,
    placements: [],
    rest: WITH_BODY.includes(body.method) ? 'field' : 'query',
    sideEffects: body.side_effects ?? (READS.includes(body.method) ? 'reads' : 'writes'),
    idempotencyHeader: body.idempotency_header ?? null,
    timeoutMs: body.timeout_ms,
    priceUsd: body.price_usd,
  };
}

const textOfEach = (names: readonly string[]): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string' }])),
  required: [...names],
  additionalProperties: false,
});

function mistakeOf(schema: JsonSchema, variables: readonly string[]): string | null {
  if (schema['type'] !== 'object') return "expected a JSON Schema with type 'object'";
  if (jsonSize(schema) > MOST_SCHEMA_BYTES) return `expected at most ${MOST_SCHEMA_BYTES} bytes`;
  try {
    compile(schema);
  } catch (error) {
    return `expected a JSON Schema: ${(error as Error).message}`;
  }
  const properties = (schema['properties'] ?? {}) as JsonSchema;
  const missing = variables.find((name) => !Object.hasOwn(properties, name));
  return missing === undefined ? null : `expected a property '${missing}', a variable of the url`;
}
