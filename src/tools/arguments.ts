import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import { fullFormats } from 'ajv-formats/dist/formats';
import { inTime } from './in-time';
import { ToolError } from './tools.errors';
import { type JsonSchema } from './tools.types';

/** Mistakes told at a time. */
const MOST_TOLD = 10;
const validators = new WeakMap<JsonSchema, ValidateFunction>();

/**
 * Patterns of schemas are not ours: one of them could keep a processor busy for hours. They are shown to the model and
 * left to whoever executes the call.
 */
const unchecked = Object.assign(() => ({ test: () => true }), { code: '() => ({ test: () => true })' });

/** One for all: it takes ten times as long to make one as to compile a schema. */
const ajv = new Ajv2020({
  strict: false,
  allErrors: true,
  useDefaults: true,
  logger: false,
  formats: fullFormats,
  code: { regExp: unchecked },
});

/** Its own schemas are compiled with the first one: that is not the fault of whoever comes first. */
export function warmUp(): void {
  void ajv.validateSchema({});
}

/** Throws what ajv throws for a schema that is none, and ToolError for one that takes too long to read. */
export function compile(schema: JsonSchema): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  warmUp();
  const bare = { ...schema, $async: undefined, $schema: undefined, $id: undefined };
  try {
    const validator = inTime(() => ajv.compile(bare), 'Reading the schema');
    validators.set(schema, validator);
    return validator;
  } finally {
    ajv.removeSchema(); // it would remember every schema there ever was, and mistake one's ids for another's
  }
}

/** The arguments of a call, as the model wrote them. Throws ToolError when they are no JSON or not what the schema says. */
export function parseArguments(text: string, schema: JsonSchema): unknown {
  const input = parseJson(text.trim() || '{}');
  const validator = compile(schema);
  if (inTime(() => validator(input), "Checking the arguments against the tool's schema")) return input;
  const told = (validator.errors ?? []).slice(0, MOST_TOLD).map(sentence);
  throw new ToolError(`The arguments don't match the tool's schema: ${told.join('; ')}.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new ToolError(`The arguments are not valid JSON: ${(error as Error).message}.`);
  }
}

function sentence({ instancePath, message = 'is not valid', params }: ErrorObject): string {
  const where = instancePath.slice(1).replaceAll('/', '.') || 'the arguments';
  const extra = 'additionalProperty' in params ? ` ('${String(params['additionalProperty'])}')` : '';
  const allowed = 'allowedValues' in params ? ` (${(params['allowedValues'] as unknown[]).join(', ')})` : '';
  return `${where} ${message}${extra}${allowed}`;
}
