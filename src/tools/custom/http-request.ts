import { type OutboundRequest } from '../../platform/net/outbound.service';
import { ToolError } from '../tools.errors';
import { type HttpOperation, type Placement } from './custom-tools.types';
import { expand, textOf, variablesOf } from './url-template';

/** What may stand in a header (RFC 9110, 5.5). */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const BODIES = ['POST', 'PUT', 'PATCH', 'DELETE'];
type Arguments = Readonly<Record<string, unknown>>;

/** The request that a call of the tool is, without secrets. Throws ToolError for arguments that no request can say. */
export function toRequest(operation: HttpOperation, input: Arguments): OutboundRequest {
  const { method } = operation;
  const url = expand(operation.url, input);
  const headers: Record<string, string> = { accept: 'application/json, text/*;q=0.9, */*;q=0.5' };
  const fields: [string, unknown][] = [];
  let json: { value: unknown } | null = null;
  for (const { argument, in: place, name } of placesOf(operation, input)) {
    const value = input[argument];
    if (place === 'query') for (const item of itemsOf(value)) url.searchParams.append(name, textOf(item));
    else if (place === 'header') headers[name.toLowerCase()] = headerOf(argument, value);
    else if (place === 'field') fields.push([name, value]);
    else json = { value };
  }
  if (fields.length > 0) json = { value: Object.fromEntries(fields) };
  if (!json && operation.rest === 'field' && BODIES.includes(method)) json = { value: {} };
  const request = { method, url: url.href, headers, timeoutMs: operation.timeoutMs };
  if (!json) return request;
  headers['content-type'] = 'application/json';
  return { ...request, body: JSON.stringify(json.value) };
}

/** Of the arguments that are there, and no variables of the URL. */
function placesOf({ url, placements, rest }: HttpOperation, input: Arguments): Placement[] {
  const inUrl = variablesOf(url);
  return Object.keys(input)
    .filter((argument) => !inUrl.includes(argument) && input[argument] !== undefined)
    .map((argument) => placements.find((one) => one.argument === argument) ?? { argument, in: rest, name: argument });
}

/** Lists in a query are the same name again and again, as OpenAPI does unless told (style `form`, exploded). */
const itemsOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

function headerOf(argument: string, value: unknown): string {
  const text = textOf(value);
  if (!HEADER_VALUE.test(text)) throw new ToolError(`'${argument}' holds characters that can't stand in a header.`);
  return text;
}
