import { type OpenApi } from './contract';

export interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  example?: unknown;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  [key: string]: unknown;
}

/** An operation of the OpenAPI document, with where it stands. */
export interface Operation {
  method: string;
  path: string;
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}

export const operationsOf = ({ paths }: OpenApi): Operation[] =>
  Object.entries(paths as unknown as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );

export const isPublic = ({ security }: Operation): boolean => security?.length === 0;

export const pathParameters = ({ path }: Operation): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);

export const at = ({ path }: Operation, ids: Record<string, string>): string =>
  path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(ids[name] ?? ''));

/** Bodies as the document describes them. */
export class Bodies {
  constructor(private readonly document: OpenApi) {}

  /** One the service should take: what is required, or where nothing is, whatever has an example. Undefined without a body. */
  good({ requestBody }: Operation): Record<string, unknown> | undefined {
    const schema = requestBody?.content['application/json']?.schema;
    return schema && (this.sample(schema) as Record<string, unknown>);
  }

  /** The fields of a body, at any depth it can be sampled to, that hold ids: by format or by name. */
  idFields({ requestBody }: Operation): string[] {
    const schema = requestBody?.content['application/json']?.schema;
    return schema
      ? Object.entries(this.properties(schema)).flatMap(([name, one]) =>
          holdsId(name, this.resolve(one)) ? [name] : [],
        )
      : [];
  }

  resolve(schema: Schema): Schema {
    if (!schema.$ref) return schema;
    const steps = schema.$ref.slice('#/'.length).split('/');
    return this.resolve(steps.reduce<any>((node, step) => node?.[step.replaceAll('~1', '/')], this.document) as Schema);
  }

  private properties(schema: Schema): Record<string, Schema> {
    const whole = this.resolve(schema);
    const parts = [...(whole.allOf ?? []), ...(whole.oneOf ?? []), ...(whole.anyOf ?? [])];
    return Object.assign({}, ...parts.map((part) => this.properties(part)), whole.properties) as Record<string, Schema>;
  }

  private sample(reference: Schema): unknown {
    const schema = this.resolve(reference);
    if (schema.example !== undefined) return schema.example;
    if (schema.enum) return schema.enum[0];
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => this.sample(part)));
    const [first] = schema.oneOf ?? schema.anyOf ?? [];
    if (first) return this.sample(first);
    switch (schema.type) {
      case 'object': {
        const properties = schema.properties ?? {};
        const told = Object.keys(properties).filter((name) => this.resolve(properties[name]!).example !== undefined);
        const names = schema.required?.length ? schema.required : told;
        return Object.fromEntries(names.map((name) => [name, this.sample(properties[name]!)]));
      }
      case 'array':
        return schema.items ? [this.sample(schema.items)] : [];
      case 'integer':
      case 'number':
        return schema.minimum ?? 1;
      case 'boolean':
        return true;
      default:
        return schema.format === 'email' ? 'someone@example.com' : 'Hi';
    }
  }
}

const holdsId = (name: string, schema: Schema) =>
  schema.format === 'uuid' || schema.items?.format === 'uuid' || /(^|_)ids?$/.test(name);
