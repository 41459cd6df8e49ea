import { type JsonSchema } from '../tools.types';
import { isObject, type Json, type OpenApiDocument, resolve, Unusable } from './openapi-document';

/** Schemas that one operation may come to when what it refers to stands in its place. */
const MOST_SCHEMAS = 2_000;
const MOST_DEPTH = 40;

/** What of a schema is told to models; the rest describes documents, examples and XML. */
const PLAIN = [
  ...['type', 'format', 'title', 'description', 'enum', 'const', 'default', 'pattern', 'required', 'uniqueItems'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength'],
  ...['minItems', 'maxItems', 'minProperties', 'maxProperties'],
];
const ONE = ['items', 'not', 'contains', 'propertyNames', 'additionalProperties'];
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'];

/** Schemas of an OpenAPI document as JSON Schema without references, within the bounds of one operation. */
export class SchemaReader {
  private read = 0;

  constructor(private readonly document: OpenApiDocument) {}

  /**
   * What is inside itself is not told again but may be anything there. Without what only answers have (`readOnly`).
   * Throws Unusable for what is too large or refers elsewhere.
   */
  schema(given: unknown, within: readonly unknown[] = []): JsonSchema {
    if (typeof given === 'boolean') return given ? {} : { not: {} };
    const found = resolve(this.document, given);
    if (!isObject(found)) return {};
    if (within.includes(found)) return { description: 'The same again as the one this is in.' };
    if (++this.read > MOST_SCHEMAS || within.length > MOST_DEPTH) {
      throw new Unusable(`its arguments have more than ${MOST_SCHEMAS} parts, or are nested too deeply`);
    }
    const inner = (value: unknown) => this.schema(value, [...within, found]);
    const result: JsonSchema = {};
    for (const key of PLAIN) if (found[key] !== undefined) result[key] = found[key];
    for (const key of ONE)
      if (isObject(found[key]) || typeof found[key] === 'boolean') result[key] = this.one(found[key], inner);
    for (const key of LISTS) if (Array.isArray(found[key])) result[key] = found[key].map(inner);
    if (isObject(found['properties'])) Object.assign(result, this.properties(found, found['properties'], inner));
    return asOf31(result, found);
  }

  private one(value: unknown, inner: (value: unknown) => JsonSchema): unknown {
    return typeof value === 'boolean' ? value : inner(value);
  }

  private properties(schema: Json, properties: Json, inner: (value: unknown) => JsonSchema): JsonSchema {
    const sent = Object.entries(properties).filter(([, one]) => {
      const found = resolve(this.document, one);
      return !isObject(found) || found['readOnly'] !== true;
    });
    const names = sent.map(([name]) => name);
    const required = Array.isArray(schema['required']) ? schema['required'] : [];
    return {
      properties: Object.fromEntries(sent.map(([name, one]) => [name, inner(one)])),
      required: required.filter((name) => names.includes(name as string) || !Object.hasOwn(properties, String(name))),
    };
  }
}

/** OpenAPI 3.0 says `nullable`, and exclusive bounds by booleans; JSON Schema has them otherwise. */
function asOf31(schema: JsonSchema, { nullable }: Json): JsonSchema {
  const { exclusiveMinimum, exclusiveMaximum, minimum, maximum, ...rest } = schema;
  const result: JsonSchema = {
    ...rest,
    ...bound('minimum', minimum, 'exclusiveMinimum', exclusiveMinimum),
    ...bound('maximum', maximum, 'exclusiveMaximum', exclusiveMaximum),
  };
  if (nullable !== true) return result;
  const { type, enum: values } = result;
  return {
    ...result,
    ...(typeof type === 'string' ? { type: [type, 'null'] } : {}),
    ...(Array.isArray(values) ? { enum: [...new Set([...(values as unknown[]), null])] } : {}),
  };
}

function bound(name: string, value: unknown, exclusiveName: string, exclusive: unknown): JsonSchema {
  if (exclusive === true && value !== undefined) return { [exclusiveName]: value };
  return {
    ...(value === undefined ? {} : { [name]: value }),
    ...(typeof exclusive === 'number' ? { [exclusiveName]: exclusive } : {}),
  };
}
