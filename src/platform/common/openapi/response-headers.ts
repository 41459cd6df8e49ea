import { STATUS_CODES } from 'node:http';
import { ApiExtension, type OpenAPIObject } from '@nestjs/swagger';

type Responses = NonNullable<OpenAPIObject['paths'][string]['get']>['responses'];

const header = (description: string, example: string) =>
  ({ description, schema: { type: 'string', example } }) as const;

/** The headers answers carry, as components of the document. */
export const RESPONSE_HEADERS = {
  'x-request-id': header("The caller's own, when it was well formed", '0193a2b4-6f0e-7a31-9d52-3f6d1c0b7e11'),
  'x-process-time': header('Seconds until the headers left', '0.012169'),
  'x-parley-provider': header('Who answered', 'demo'),
  'x-parley-model': header('What answered', 'demo/echo'),
  'x-parley-attempts': header('Attempts it took', '1'),
  'x-parley-cost-usd': header('What it cost; not on streams', '0.000420'),
  'x-parley-cache': header('hit, miss or off', 'off'),
  'x-ratelimit-limit-requests': header('Requests allowed, by the limit that will be used up first', '20'),
  'x-ratelimit-remaining-requests': header('How many of them are left', '19'),
  'x-ratelimit-reset-requests': header('Until all of them are there again', '6m0s'),
  'x-ratelimit-limit-tokens': header('Tokens allowed in a minute', '40000'),
  'x-ratelimit-remaining-tokens': header('How many of them are left', '38211'),
  'x-ratelimit-reset-tokens': header('Until all of them are there again', '41s'),
  'x-parley-idempotent-replay': header('`true`: the stored answer to an earlier request with this key', 'true'),
  'retry-after': header('Seconds to wait before another try', '7'),
  'x-should-retry': header('`false` where another try can not help', 'false'),
  'www-authenticate': header('The scheme to use', 'Bearer'),
};

const ALWAYS = ['x-request-id', 'x-process-time'] as const;
const OF_A_MODEL = [
  'x-parley-provider',
  'x-parley-model',
  'x-parley-attempts',
  'x-parley-cost-usd',
  'x-parley-cache',
  'x-parley-idempotent-replay',
] as const;
const OF_RATES = [
  'x-ratelimit-limit-requests',
  'x-ratelimit-remaining-requests',
  'x-ratelimit-reset-requests',
  'x-ratelimit-limit-tokens',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-tokens',
] as const;
const RATED = ['200', '429'];
const OF_STATUS: Record<string, readonly (keyof typeof RESPONSE_HEADERS)[]> = {
  401: ['www-authenticate'],
  409: ['x-should-retry'],
  429: ['retry-after', 'x-should-retry'],
  503: ['retry-after'],
};

/** Extension that says of a route that it tells what is left of its caller's rate limits. */
export const RATE_HEADERS = 'x-rate-headers';
export const ApiRateHeaders = (): MethodDecorator => ApiExtension(RATE_HEADERS, true);

/** Gives every response its headers, and a description where the code has none. */
export function describeResponses(responses: Responses, callsModel: boolean, tellsRates: boolean): void {
  for (const [status, response] of Object.entries(responses)) {
    if (!response || '$ref' in response) continue;
    response.description ||= STATUS_CODES[status] ?? status;
    const names = [
      ...ALWAYS,
      ...(callsModel && status === '200' ? OF_A_MODEL : []),
      ...(tellsRates && RATED.includes(status) ? OF_RATES : []),
      ...(OF_STATUS[status] ?? []),
    ];
    response.headers = Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
  }
}
