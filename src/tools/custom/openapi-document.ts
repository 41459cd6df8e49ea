import { parseDocument } from 'yaml';
import { validationFailed } from '../../platform/common/errors/validation';

/** Of a document as text. YAML is read much more slowly. */
export const MOST_DOCUMENT_BYTES = 4 * 1024 * 1024;
const MOST_YAML_BYTES = 256 * 1024;
const MOST_ALIASES = 100;
const VERSION = /^3\.[01](\.|$)/;

export type Json = Record<string, unknown>;

/** An OpenAPI document of version 3.0 or 3.1, of which nothing but that is known yet. */
export interface OpenApiDocument extends Json {
  paths: Json;
}

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The document of an object, or of JSON or YAML text. Throws `validation_failed`. */
export function documentOf(given: unknown): OpenApiDocument {
  const document = typeof given === 'string' ? read(given) : given;
  if (!isObject(document)) throw wrong('it is not an object.');
  const { openapi, paths } = document;
  if (typeof openapi !== 'string' || !VERSION.test(openapi)) {
    throw wrong("its 'openapi' is not a version 3.0 or 3.1.");
  }
  if (!isObject(paths)) throw wrong("it has no 'paths'.");
  return { ...document, paths };
}

function read(text: string): unknown {
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_DOCUMENT_BYTES) throw wrong(`it has more than ${MOST_DOCUMENT_BYTES} bytes.`);
  const isJson = text.trimStart().startsWith('{');
  if (!isJson && bytes > MOST_YAML_BYTES) {
    throw wrong(`it has more than ${MOST_YAML_BYTES} bytes of YAML: send it as JSON, or with fewer operations.`);
  }
  try {
    return isJson ? (JSON.parse(text) as unknown) : fromYaml(text);
  } catch (error) {
    throw wrong(`it can't be read: ${(error as Error).message}`);
  }
}

function fromYaml(text: string): unknown {
  const document = parseDocument(text, { prettyErrors: true });
  const [mistake] = document.errors;
  if (mistake) throw mistake;
  return document.toJS({ maxAliasCount: MOST_ALIASES }) as unknown;
}

export const wrong = (why: string, field = 'openapi') =>
  validationFailed([{ field, message: `${field} is not an OpenAPI document that can be used: ${why}` }]);

/**
 * What a value in the document is, following `$ref`s inside it. Throws Unusable for one that leads elsewhere, nowhere or
 * in circles.
 */
export function resolve(document: OpenApiDocument, value: unknown): unknown {
  let found = value;
  for (let steps = 0; isObject(found) && typeof found['$ref'] === 'string'; steps++) {
    if (steps > MOST_ALIASES) throw new Unusable(`${found['$ref']} leads in circles`);
    found = target(document, found['$ref']);
  }
  return found;
}

/** What a JSON pointer (RFC 6901) in a fragment names. */
function target(document: OpenApiDocument, ref: string): unknown {
  if (!ref.startsWith('#/')) throw new Unusable(`it refers to ${ref}, outside of the document`);
  let found: unknown = document;
  for (const step of ref.slice(2).split('/')) {
    const key = pointerStep(step);
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, key)) {
      throw new Unusable(`it refers to ${ref}, which is not there`);
    }
    found = (found as Json)[key];
  }
  return found;
}

function pointerStep(step: string): string {
  try {
    return decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return step;
  }
}

/** Why an operation can't be a tool. */
export class Unusable extends Error {
  override name = 'Unusable';
}
