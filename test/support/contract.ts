import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';

export interface OpenApi {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
}
interface Operation {
  security?: object[];
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
}

interface ErrorAnswer {
  error: { code: string; details: object[] };
}
const isError = (body: any): body is ErrorAnswer => typeof body.error === 'object';

/** Checks that what the service answers is what `/openapi.json` says. Undeclared fields fail too. */
export class Contract {
  private static last: { json: string; contract: Contract } | null = null;

  /** Processes of one build tell the same: what was compiled for one is used for the next. */
  static of(json: string): Contract {
    if (Contract.last?.json !== json) Contract.last = { json, contract: new Contract(JSON.parse(json) as OpenApi) };
    return Contract.last.contract;
  }

  private readonly validators = new Map<string, ValidateFunction>();
  private readonly ajv: Ajv;
  private readonly routes: { method: string; path: string; pattern: RegExp; operation: Operation }[];

  private constructor(readonly document: OpenApi) {
    this.ajv = new Ajv({ strict: false, allErrors: true, validateSchema: false });
    addFormats.default(this.ajv);
    this.ajv.addSchema({ $id: SHARED, components: strict(document.components) });
    this.routes = Object.entries(document.paths)
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({ method, path, pattern: patternOf(path), operation })),
      )
      .sort((a, b) => holes(a.path) - holes(b.path)); // plain paths before those with parameters
  }

  operations() {
    return this.routes.map(({ method, path, operation }) => ({ method, path, operation }));
  }

  /** Throws when the answer isn't one the document promises. Paths it doesn't know must be answered by 404. */
  check(method: string, path: string, status: number, type: string, body: unknown): void {
    const bare = path.split('?', 1)[0]!;
    const route = this.routes.find((one) => one.method === method.toLowerCase() && one.pattern.test(bare));
    if (!route) {
      if (status === 404 || !bare.startsWith('/v1')) return;
      throw new Error(`${method} ${bare} answered ${status} but is not in /openapi.json`);
    }
    const response = route.operation.responses[String(status)];
    if (!response) throw new Error(`${method} ${route.path} answered ${status}, which /openapi.json does not declare`);
    if (response.content?.['*/*']) return; // whatever was uploaded
    const schema = response.content?.[type.split(';', 1)[0]!]?.schema;
    if (!schema) {
      if (body === undefined || body === '') return;
      throw new Error(`${method} ${route.path} ${status}: /openapi.json declares no ${type}`);
    }
    if (!type.includes('json')) return;
    const validate = this.validator(`${method} ${route.path} ${status}`, schema);
    if (!validate(body)) {
      throw new Error(
        `${method} ${route.path} ${status}: ${this.ajv.errorsText(validate.errors)}\n${JSON.stringify(body)}`,
      );
    }
    if (status >= 400 && isError(body)) this.checkDetails(response, body);
  }

  /** Each code tells no more of its details than its example shows. */
  private checkDetails(response: any, { error }: ErrorAnswer): void {
    const examples = response.content['application/json'].examples ?? {};
    const example = examples[error.code] as { value: ErrorAnswer } | undefined;
    if (!example) throw new Error(`${error.code} is not among ${Object.keys(examples).join(', ')}`);
    const shown = Object.keys(example.value.error.details[0] ?? {});
    const more = error.details.flatMap(Object.keys).filter((name) => !shown.includes(name));
    if (more.length > 0) throw new Error(`the example of ${error.code} shows no ${more.join(', ')} in its details`);
  }

  private validator(key: string, schema: unknown): ValidateFunction {
    const known = this.validators.get(key);
    if (known) return known;
    const compiled = this.ajv.compile(strict(schema) as object);
    this.validators.set(key, compiled);
    return compiled;
  }
}

/** Under which the components of the document are known to all schemas, so that each is compiled once. */
const SHARED = 'openapi';

const patternOf = (path: string) =>
  new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, path.includes('models/{id}') ? '.+' : '[^/]+')}$`);
const holes = (path: string) => path.split('{').length;

/** OpenAPI 3.0's `nullable` as JSON Schema has it, and objects closed unless they say otherwise. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  if ('$ref' in schema && typeof schema.$ref === 'string') return { $ref: `${SHARED}${schema.$ref}` };
  const { nullable, ...rest } = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  if (rest['properties'] && rest['type'] === 'object' && rest['additionalProperties'] === undefined) {
    rest['additionalProperties'] = false;
  }
  return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest;
}
