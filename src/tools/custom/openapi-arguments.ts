import { type JsonSchema } from '../tools.types';
import { type HttpOperation, type Placement } from './custom-tools.types';
import { isObject, type Json, type OpenApiDocument, resolve, Unusable } from './openapi-document';
import { SchemaReader } from './openapi-schema';
import { uniqueName } from './names';

const JSON_BODY = /^application\/(?:[\w.+-]+\+)?json\b/i;
/** Of one operation: as many as a model could fill. */
const MOST_ARGUMENTS = 200;
/** These are not parameters, whatever a document says (OpenAPI 3.1, Parameter Object). */
const NO_PARAMETERS = ['accept', 'content-type', 'authorization'];
const ORDER = ['path', 'query', 'header', 'cookie'];
const PREFIXES = { path: 'path', query: 'query', header: 'header', field: 'body', json: 'body' } as const;

/** One argument on its way to its place. */
interface Argument {
  in: 'path' | Placement['in'];
  name: string;
  schema: JsonSchema;
  required: boolean;
}

type Arguments = Pick<HttpOperation, 'url' | 'parameters' | 'placements' | 'rest'>;

/**
 * Everything an operation takes as one flat object. Where two have the same name, the first of path, query, header and body
 * keeps it; the others say where they are (`query_id`).
 * @param path with its variables, after the address of the server
 * @param fixed names of headers that are sent anyway, in lower case
 * Throws Unusable.
 */
export function argumentsOf(
  document: OpenApiDocument,
  path: string,
  [shared, operation]: readonly [Json, Json],
  fixed: readonly string[],
): Arguments {
  const reader = new SchemaReader(document);
  const body = bodyOf(document, reader, operation['requestBody']);
  const given = [
    ...parametersOf(document, reader, [shared['parameters'], operation['parameters']], fixed),
    ...body.fields,
  ];
  if (given.length > MOST_ARGUMENTS) throw new Unusable(`it has more than ${MOST_ARGUMENTS} arguments`);
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  const placements: Placement[] = [];
  const variables = new Map<string, string>();
  for (const { in: place, name, schema, required: needed } of given) {
    const argument = uniqueName(name, PREFIXES[place], Object.keys(properties));
    properties[argument] = schema;
    if (needed) required.push(argument);
    if (place === 'path') variables.set(name, argument);
    else placements.push({ argument, in: place, name });
  }
  const parameters = { type: 'object', properties, required, ...(body.open ? {} : { additionalProperties: false }) };
  return { url: withVariables(path, variables), parameters, placements, rest: body.open ? 'field' : 'query' };
}

/** The path with its variables called as their arguments are. */
function withVariables(path: string, variables: ReadonlyMap<string, string>): string {
  const used = new Set<string>();
  const url = path.replaceAll(/\{([^{}]*)\}/g, (_, name: string) => {
    const argument = variables.get(name);
    if (argument === undefined) throw new Unusable(`{${name}} of its path is not among its parameters`);
    used.add(name);
    return `{${argument}}`;
  });
  const stray = [...variables.keys()].find((name) => !used.has(name));
  if (stray !== undefined) throw new Unusable(`its parameter ${stray} is not in its path`);
  return url;
}

function parametersOf(
  document: OpenApiDocument,
  reader: SchemaReader,
  lists: readonly unknown[],
  fixed: readonly string[],
): Argument[] {
  const found = new Map<string, Json>();
  for (const parameter of lists.flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))) {
    const one = resolve(document, parameter);
    if (!isObject(one) || typeof one['name'] !== 'string' || !ORDER.includes(String(one['in']))) {
      throw new Unusable('one of its parameters is none');
    }
    found.set(`${String(one['in'])} ${one['name']}`, one); // an operation's own instead of its path's
  }
  return [...found.values()]
    .filter(
      (one) => one['in'] !== 'header' || ![...NO_PARAMETERS, ...fixed].includes(String(one['name']).toLowerCase()),
    )
    .sort((a, b) => ORDER.indexOf(String(a['in'])) - ORDER.indexOf(String(b['in'])))
    .flatMap((one) => {
      if (one['in'] === 'cookie') {
        if (one['required'] === true) throw new Unusable('it needs a cookie');
        return [];
      }
      return [toArgument(reader, one)];
    });
}

function toArgument(reader: SchemaReader, parameter: Json): Argument {
  const place = parameter['in'] as 'path' | 'query' | 'header';
  const content = isObject(parameter['content']) ? Object.values(parameter['content'])[0] : null;
  const schema = reader.schema(isObject(content) ? content['schema'] : parameter['schema']);
  const description = parameter['description'];
  return {
    in: place,
    name: String(parameter['name']),
    schema: typeof description === 'string' ? { ...schema, description } : schema,
    required: place === 'path' || parameter['required'] === true,
  };
}

/** The fields of a JSON object, or `body` for anything else; `open` when it takes fields that are not named. */
function bodyOf(
  document: OpenApiDocument,
  reader: SchemaReader,
  given: unknown,
): { fields: Argument[]; open: boolean } {
  const body = resolve(document, given);
  if (!isObject(body)) return { fields: [], open: false };
  const content = isObject(body['content']) ? body['content'] : {};
  const type = Object.keys(content).find((name) => JSON_BODY.test(name));
  if (type === undefined) throw new Unusable('its body is not JSON');
  const media = content[type];
  const needed = body['required'] === true;
  const schema = reader.schema(isObject(media) ? media['schema'] : {});
  const properties = schema['properties'];
  const composed = ['allOf', 'anyOf', 'oneOf', 'not', 'enum', 'const'].some((key) => key in schema);
  if (composed || !isObject(properties) || (schema['type'] ?? 'object') !== 'object') {
    return { fields: [{ in: 'json', name: 'body', schema, required: needed }], open: false };
  }
  const required = needed && Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  const fields = Object.entries(properties).map(([name, one]): Argument => ({
    in: 'field',
    name,
    schema: one as JsonSchema,
    required: required.includes(name),
  }));
  const more = schema['additionalProperties'];
  return { fields, open: more === true || isObject(more) };
}
