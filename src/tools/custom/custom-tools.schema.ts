import { z } from 'zod';
import { SIDE_EFFECTS } from '../tools.types';
import { METHODS } from './custom-tools.types';
import { MOST_DOCUMENT_BYTES } from './openapi-document';
import { MOST_OPERATIONS } from './openapi-operations';
import { mistakeOf } from './url-template';

const TOKEN = /^[\w!#$%&'*+.^`|~-]{1,100}$/;
/** Those that are the business of the connection, or of what is sent on it. */
const NOT_OURS =
  /^(host|connection|content-length|content-type|content-encoding|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*)$/i;
const MOST_HEADERS = 20;

const headerName = z
  .string()
  .regex(TOKEN, { error: 'expected the name of a header' })
  .refine((name) => !NOT_OURS.test(name), { error: 'this header is set by itself' });
const headers = z
  .record(
    headerName,
    z
      .string()
      .min(1)
      .max(8_192)
      .regex(/^[\t\x20-\x7e\x80-\xff]+$/, { error: 'expected what may stand in a header' }),
  )
  .refine((all) => Object.keys(all).length <= MOST_HEADERS, { error: `expected at most ${MOST_HEADERS} headers` })
  .meta({
    description: 'Sent with every request. Secrets: encrypted at rest, never told again',
    example: { authorization: 'Bearer secret' },
  });
const common = {
  headers: headers.optional(),
  idempotency_header: headerName.optional().meta({
    description: 'In which the server takes an idempotency key: a call that writes may then be sent again',
    example: 'Idempotency-Key',
  }),
  timeout_ms: z.int().min(100).max(300_000).default(30_000).meta({ description: 'How long an answer is waited for' }),
};

const url = z.string().max(2_000);

export const endpointBody = z.strictObject({
  name: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/, { error: 'expected 1 to 64 letters, digits, _ and -' })
    .meta({ description: 'What models call it by', example: 'order_status' }),
  description: z
    .string()
    .min(1)
    .max(4_000)
    .meta({ description: 'For the model: what it does, and when to use it', example: 'The state of an order.' }),
  method: z.enum(METHODS).default('GET'),
  url: url
    .superRefine((template, context) => {
      const mistake = mistakeOf(template);
      if (mistake !== null) context.addIssue(mistake);
    })
    .meta({
      description: 'With {variables} in its path and query (RFC 6570, level 1): arguments, percent-encoded',
      example: 'https://shop.example.com/orders/{order_id}',
    }),
  input_schema: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({
      description:
        'JSON Schema of the arguments, an object. Absent: a text for each variable. What is no variable is sent in the query, by POST, PUT and PATCH as a JSON object',
      example: { type: 'object', properties: { order_id: { type: 'string' } }, required: ['order_id'] },
    }),
  side_effects: z.enum(SIDE_EFFECTS).optional().meta({ description: 'Absent: GET and HEAD read, all else writes' }),
  price_usd: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,12})?$/, { error: 'expected an amount of USD such as "0.01"' })
    .default('0')
    .meta({ description: 'Of one execution', example: '0.01' }),
  ...common,
});
export type EndpointBody = z.output<typeof endpointBody>;

export const openApiBody = z.strictObject({
  openapi: z
    .union([z.string().min(1).max(MOST_DOCUMENT_BYTES), z.record(z.string(), z.unknown())], {
      error: 'expected an OpenAPI document: an object, its text as JSON or YAML, or its address',
    })
    .meta({ description: 'A document of version 3.0 or 3.1: an object, its text as JSON or YAML, or its address' }),
  prefix: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,32}$/, { error: 'expected 1 to 32 letters, digits, _ and -' })
    .optional()
    .meta({ description: 'Tools are called `<prefix>_<operationId>`', example: 'shop' }),
  operations: z
    .array(z.string().min(1).max(500))
    .min(1)
    .max(MOST_OPERATIONS)
    .optional()
    .meta({ description: 'Only those with these `operationId`s', example: ['getOrder'] }),
  base_url: url
    .refine((address) => mistakeOf(address) === null && !/[{}?]/.test(address), {
      error: 'expected an http:// or https:// address',
    })
    .optional()
    .meta({ description: "Instead of the document's server", example: 'https://shop.example.com/v1' }),
  ...common,
});
export type OpenApiBody = z.output<typeof openApiBody>;

export const newCustomTool = z.union([endpointBody, openApiBody]);
export type NewCustomToolBody = z.output<typeof newCustomTool>;

export const customToolChange = z.strictObject({
  headers: headers.meta({ description: 'Instead of all there were; {} for none' }),
});
export type CustomToolChange = z.output<typeof customToolChange>;
